//! The description of every route, OpenAPI 3.1.

use axum::Json;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder,
};

use super::error::{Code, Refusal};
use crate::doors::SESSION_COOKIE;

/// The document without routes.
pub(crate) fn frame() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Desserte")
                .version("1")
                .description(Some(
                    "How public sites are connected: states, outages with their cause, figures of \
                     agreements, and which site to connect or repair next. Times are RFC 3339 in \
                     UTC; what is not known is null. Refusals are problem details (RFC 9457) with \
                     a code of a closed list.",
                ))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .build()
}

/// The document with what the gate answers in front of every route.
pub(crate) fn with_doors(mut document: OpenApi) -> OpenApi {
    let problem = |description: &str| {
        ResponseBuilder::new()
            .description(description)
            .content(
                "application/problem+json",
                ContentBuilder::new()
                    .schema(Some(Ref::from_schema_name("Problem")))
                    .build(),
            )
            .build()
    };
    let closed = [
        ("401", "nobody is signed in, or the token is worth nothing"),
        (
            "403",
            "the role does not allow this, or another origin asks",
        ),
        ("429", "too many requests; wait as long as Retry-After says"),
    ];
    let of_body = [
        ("413", "the body is larger than allowed"),
        ("415", "the body has another type, or is packed"),
    ];
    for item in document.paths.paths.values_mut() {
        let operations = [
            item.get.as_mut(),
            item.post.as_mut(),
            item.put.as_mut(),
            item.delete.as_mut(),
        ];
        for operation in operations.into_iter().flatten() {
            let bodies = operation.request_body.is_some();
            let asked = bodies
                || operation
                    .parameters
                    .as_ref()
                    .is_some_and(|all| !all.is_empty());
            let of_body = of_body.into_iter().filter(|_| bodies);
            let unreadable = asked.then_some(("400", "what was asked cannot be read"));
            for (status, description) in closed.into_iter().chain(unreadable).chain(of_body) {
                let responses = &mut operation.responses.responses;
                responses
                    .entry(status.to_owned())
                    .or_insert_with(|| problem(description).into());
            }
        }
    }
    let mut components = document.components.take().unwrap_or_default();
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE))),
    );
    document.components = Some(components);
    document
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "collector", responses(
    (status = 200, description = "this document", body = Object),
))]
pub(crate) async fn document() -> Json<OpenApi> {
    Json(super::router::document())
}

/// Answers a known path asked with another method.
pub(crate) async fn method_not_allowed() -> Refusal {
    Refusal::new(Code::MethodNotAllowed, "this path has other methods")
}
