//! The interface for map programs as an OpenAPI 3.0 document (OGC 17-069r4, clause 9): the collector's
//! own document is of version 3.1, which the standard does not know.

use serde_json::{Value, json};

use super::collection::Collection;
use crate::api::paging::{LIMIT_DEFAULT, LIMIT_MAX};

/// The document of an interface at an address.
pub(super) fn openapi(root: &str) -> Value {
    let collections = Collection::ALL.map(Collection::id);
    let collection = json!({
        "name": "collection", "in": "path", "required": true,
        "schema": { "type": "string", "enum": collections },
    });
    let feature = json!({
        "name": "feature", "in": "path", "required": true, "schema": { "type": "string" },
    });
    let filters = json!([
        collection,
        {
            "name": "bbox", "in": "query", "required": false, "style": "form", "explode": false,
            "description": "west,south,east,north in degrees",
            "schema": {
                "type": "array", "items": { "type": "number" },
                "oneOf": [{ "minItems": 4, "maxItems": 4 }, { "minItems": 6, "maxItems": 6 }],
            },
        },
        {
            "name": "datetime", "in": "query", "required": false,
            "description": "a moment of RFC 3339, or from/to; .. leaves an end open",
            "schema": { "type": "string" },
        },
        {
            "name": "limit", "in": "query", "required": false,
            "schema": {
                "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT,
            },
        },
        {
            "name": "cursor", "in": "query", "required": false,
            "description": "that of the next link", "schema": { "type": "string" },
        },
    ]);
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Desserte – OGC API – Features",
            "version": "1",
            "license": { "name": "Apache-2.0" },
        },
        "servers": [{ "url": root }],
        "paths": {
            "/": { "get": operation("landing page", &json!([]), "application/json") },
            "/conformance": { "get": operation("conformance classes", &json!([]), "application/json") },
            "/collections": { "get": operation("collections", &json!([]), "application/json") },
            "/collections/{collection}": {
                "get": operation("a collection", &json!([collection]), "application/json"),
            },
            "/collections/{collection}/items": {
                "get": operation("features", &filters, "application/geo+json"),
            },
            "/collections/{collection}/items/{feature}": {
                "get": operation("a feature", &json!([collection, feature]), "application/geo+json"),
            },
        },
    })
}

fn operation(summary: &str, parameters: &Value, media_type: &str) -> Value {
    json!({
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {
                "description": summary,
                "content": { media_type: { "schema": { "type": "object" } } },
            },
            "400": { "description": "a parameter cannot be used or is not known" },
            "404": { "description": "no such collection or feature" },
        },
    })
}
