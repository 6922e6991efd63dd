//! Tables of features as KML 2.2 (OGC 07-147r2): a folder for each table, a placemark for each row,
//! what is known of it as extended data. Tables that draw nothing become the text of the document.

use std::io::Write;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Kind, NewTable, Shape, Value};
use crate::export::ExportError;

/// The name of the format in its namespace.
const NAMESPACE: &str = "http://www.opengis.net/kml/2.2";

/// Writes tables under a title.
pub fn write(title: &str, tables: &[NewTable], out: &mut dyn Write) -> Result<(), ExportError> {
    let failed = |source: std::io::Error| ExportError::Write {
        what: "the map as KML",
        source,
    };
    let mut writer = Writer::new_with_indent(out, b' ', 1);
    document(&mut writer, title, tables).map_err(failed)?;
    writer.into_inner().write_all(b"\n").map_err(failed)
}

type Xml<'o> = Writer<&'o mut dyn Write>;
type Done = std::io::Result<()>;

fn document(xml: &mut Xml<'_>, title: &str, tables: &[NewTable]) -> Done {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let kml = xml
        .create_element("kml")
        .with_attribute(("xmlns", NAMESPACE));
    kml.write_inner_content(|xml| {
        within(xml, "Document", |xml| {
            element(xml, "name", title)?;
            let notes: Vec<String> = tables
                .iter()
                .filter(|table| table.kind == Kind::Attributes)
                .map(note)
                .collect();
            if !notes.is_empty() {
                element(xml, "description", &notes.join("\n\n"))?;
            }
            for table in tables.iter().filter(|table| table.kind != Kind::Attributes) {
                folder(xml, table)?;
            }
            Ok(())
        })
    })?;
    Ok(())
}

/// A table that draws nothing, as lines of text.
fn note(table: &NewTable) -> String {
    let mut lines = vec![table.title.clone()];
    for (_, values) in &table.rows {
        let said = table
            .columns
            .iter()
            .zip(values)
            .filter_map(|(column, value)| Some(format!("{}: {}", column.name, written(value)?)));
        lines.push(said.collect::<Vec<_>>().join("; "));
    }
    lines.join("\n")
}

fn folder(xml: &mut Xml<'_>, table: &NewTable) -> Done {
    within(xml, "Folder", |xml| {
        element(xml, "name", &table.title)?;
        element(xml, "description", &table.description)?;
        for (shape, values) in &table.rows {
            placemark(xml, table, shape.as_ref(), values)?;
        }
        Ok(())
    })
}

fn placemark(xml: &mut Xml<'_>, table: &NewTable, shape: Option<&Shape>, values: &[Value]) -> Done {
    within(xml, "Placemark", |xml| {
        let cell = |wanted: &str| {
            let place = table
                .columns
                .iter()
                .position(|column| column.name == wanted)?;
            values.get(place).and_then(written)
        };
        if let Some(name) = cell("name").or_else(|| cell("site")) {
            element(xml, "name", &name)?;
        }
        within(xml, "ExtendedData", |xml| {
            for (column, value) in table.columns.iter().zip(values) {
                let Some(text) = written(value) else { continue };
                let data = xml.create_element("Data");
                let data = data.with_attribute(("name", column.name.as_str()));
                data.write_inner_content(|xml| element(xml, "value", &text))?;
            }
            Ok(())
        })?;
        shape.map_or(Ok(()), |shape| geometry(xml, shape))
    })
}

fn geometry(xml: &mut Xml<'_>, shape: &Shape) -> Done {
    match shape {
        Shape::Points(points) => several(xml, points, |xml, at| {
            within(xml, "Point", |xml| {
                coordinates(xml, std::slice::from_ref(at))
            })
        }),
        Shape::Lines(lines) => several(xml, lines, |xml, line| {
            within(xml, "LineString", |xml| {
                element(xml, "tessellate", "1")?;
                coordinates(xml, line)
            })
        }),
        Shape::Polygons(polygons) => several(xml, polygons, |xml, rings| {
            within(xml, "Polygon", |xml| {
                for (number, ring) in rings.iter().enumerate() {
                    let side = if number == 0 {
                        "outerBoundaryIs"
                    } else {
                        "innerBoundaryIs"
                    };
                    within(xml, side, |xml| {
                        within(xml, "LinearRing", |xml| coordinates(xml, ring))
                    })?;
                }
                Ok(())
            })
        }),
        Shape::Other(_) => Ok(()),
    }
}

/// One part as it is, several as one geometry.
fn several<P>(xml: &mut Xml<'_>, parts: &[P], part: impl Fn(&mut Xml<'_>, &P) -> Done) -> Done {
    match parts {
        [only] => part(xml, only),
        parts => within(xml, "MultiGeometry", |xml| {
            parts.iter().try_for_each(|one| part(xml, one))
        }),
    }
}

fn coordinates(xml: &mut Xml<'_>, path: &[[f64; 2]]) -> Done {
    let pairs: Vec<String> = path.iter().map(|[x, y]| format!("{x},{y}")).collect();
    element(xml, "coordinates", &pairs.join(" "))
}

fn within(xml: &mut Xml<'_>, name: &str, content: impl FnOnce(&mut Xml<'_>) -> Done) -> Done {
    xml.create_element(name).write_inner_content(content)?;
    Ok(())
}

fn element(xml: &mut Xml<'_>, name: &str, text: &str) -> Done {
    // Control characters are no part of XML 1.0, escaped or not.
    let plain: String = text
        .chars()
        .filter(|letter| !letter.is_control() || *letter == '\n')
        .collect();
    xml.create_element(name)
        .write_text_content(BytesText::new(&plain))?;
    Ok(())
}

/// A value as text; nothing where nothing is known.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::map::text;

    #[test]
    fn what_would_break_the_document_is_escaped() {
        let table = NewTable {
            name: "t".to_owned(),
            title: "A < B".to_owned(),
            description: String::new(),
            kind: Kind::Point,
            columns: vec![text("name"), text("operator")],
            rows: vec![(
                Some(Shape::Points(vec![[15.25, -4.25]])),
                vec![Value::Text("É & \"x\"\u{1}".to_owned()), Value::Null],
            )],
        };
        let mut bytes = Vec::new();
        write("Title", &[table], &mut bytes).unwrap();
        let kml = String::from_utf8(bytes).unwrap();
        assert!(kml.contains("A &lt; B"), "{kml}");
        assert!(kml.contains("É &amp; "), "{kml}");
        assert!(!kml.contains('\u{1}') && !kml.contains("operator"), "{kml}");
        assert!(
            kml.contains("<coordinates>15.25,-4.25</coordinates>"),
            "{kml}"
        );
    }
}
