//! Shapefiles (ESRI Shapefile Technical Description, 1998): the main file, its table and its
//! coordinate system, together in a ZIP archive.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use ::shapefile::dbase::encoding::EncodingRs;
use ::shapefile::dbase::{FieldValue, Reader as Dbase, ReaderBuilder};
use ::shapefile::record::polygon::{GenericPolygon, PolygonRing};
use ::shapefile::{Shape, ShapeReader};
use zip::ZipArchive;

use super::{Form, Geometry, Pair, Record, Table, check_columns};
use crate::import::crs::{self, Crs};
use crate::import::format::has_end;
use crate::import::{ImportError, MAX_FILE_BYTES, MAX_PARTS, MAX_ROWS, MAX_UNPACKED_BYTES};

/// The parts of a shapefile that are read.
struct Parts {
    shp: Vec<u8>,
    dbf: Option<Vec<u8>>,
    prj: Option<Vec<u8>>,
    cpg: Option<Vec<u8>>,
}

/// Reads the shapefile of an archive, or the main file alone.
pub(super) fn read(file: &str, bytes: &[u8], form: Form<'_>) -> Result<Table, ImportError> {
    let parts = if crate::import::text::is_archive(bytes) {
        unpacked(file, bytes)?
    } else {
        Parts {
            shp: bytes.to_vec(),
            dbf: None,
            prj: None,
            cpg: None,
        }
    };
    let system = match (form.crs, &parts.prj) {
        (Some(crs), _) => crs,
        (None, Some(prj)) => crs::from_wkt(&String::from_utf8_lossy(prj))
            .map_err(|name| crs::unknown(file, &name))?,
        (None, None) => Crs::Wgs84,
    };
    let shapes = shapes(file, &parts.shp)?;
    let (columns, mut values) = attributes(file, &parts, form)?;
    if values.len() > shapes.len() || (!values.is_empty() && values.len() < shapes.len()) {
        let detail = format!(
            "{} shapes, but {} rows in its table",
            shapes.len(),
            values.len()
        );
        return Err(not_shapefile(file, detail));
    }
    values.resize(shapes.len(), BTreeMap::new());
    let rows = shapes.into_iter().zip(values).enumerate();
    let records = rows.map(|(number, (shape, values))| Record::feature(number + 1, values, shape));
    Table::of_features(file, columns, records.collect(), system)
}

fn not_shapefile(file: &str, detail: impl std::fmt::Display) -> ImportError {
    ImportError::NotShapefile {
        file: file.to_owned(),
        detail: detail.to_string(),
    }
}

/// The parts of the one shapefile in an archive, bounded while they are unpacked.
fn unpacked(file: &str, bytes: &[u8]) -> Result<Parts, ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge {
            file: file.to_owned(),
            bytes: bytes.len(),
        });
    }
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|error| not_shapefile(file, error))?;
    if archive.len() > MAX_PARTS {
        return Err(ImportError::TooManyParts {
            file: file.to_owned(),
        });
    }
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .collect();
    let mut shapes = names.iter().filter(|name| has_end(name, ".shp"));
    let (Some(shp), None) = (shapes.next(), shapes.next()) else {
        return Err(not_shapefile(file, "the archive has to hold one .shp"));
    };
    let stem = shp.get(..shp.len() - 4).unwrap_or_default();
    let mut left = MAX_UNPACKED_BYTES;
    let mut part = |end: &str| -> Result<Option<Vec<u8>>, ImportError> {
        let wanted = format!("{stem}{end}");
        let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(&wanted)) else {
            return Ok(None);
        };
        let entry = archive
            .by_name(name)
            .map_err(|error| not_shapefile(file, error))?;
        let mut content = Vec::new();
        let read = entry.take(left + 1).read_to_end(&mut content);
        let read = read.map_err(|error| not_shapefile(file, error))? as u64;
        left = left
            .checked_sub(read)
            .ok_or_else(|| ImportError::TooLargeUnpacked {
                file: file.to_owned(),
            })?;
        Ok(Some(content))
    };
    Ok(Parts {
        shp: part(".shp")?.unwrap_or_default(),
        dbf: part(".dbf")?,
        prj: part(".prj")?,
        cpg: part(".cpg")?,
    })
}

/// The parts of a shapefile, by their endings, as the archive that is read.
pub(in crate::import) fn archive(parts: &[(&str, Vec<u8>)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (end, content) in parts {
        archive.start_file(format!("layer.{end}"), stored)?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn shapes(file: &str, bytes: &[u8]) -> Result<Vec<Geometry>, ImportError> {
    let mut reader =
        ShapeReader::new(Cursor::new(bytes)).map_err(|error| not_shapefile(file, error))?;
    let mut shapes = Vec::new();
    for shape in reader.iter_shapes() {
        if shapes.len() >= MAX_ROWS {
            return Err(ImportError::TooManyRows {
                file: file.to_owned(),
            });
        }
        let shape = shape.map_err(|error| not_shapefile(file, error))?;
        shapes.push(geometry(&shape));
    }
    Ok(shapes)
}

/// Names of the columns, and what each row says in them.
type Attributes = (Vec<String>, Vec<BTreeMap<usize, String>>);

fn attributes(file: &str, parts: &Parts, form: Form<'_>) -> Result<Attributes, ImportError> {
    let Some(dbf) = &parts.dbf else {
        return Ok((Vec::new(), Vec::new()));
    };
    let mut reader = opened(file, dbf, parts.cpg.as_deref(), form.encoding)?;
    let columns: Vec<String> = reader
        .fields()
        .iter()
        .map(|field| field.name().to_owned())
        .collect();
    check_columns(file, columns.len())?;
    let mut rows = Vec::new();
    for record in reader.iter_records() {
        let record = record.map_err(|error| not_shapefile(file, error))?;
        let values = columns.iter().enumerate().filter_map(|(number, name)| {
            let text = written(record.get(name)?)?;
            Some((number, text))
        });
        rows.push(values.collect());
    }
    Ok((columns, rows))
}

/// The table in the encoding that is named, in the `.cpg` or by the caller; else in its own mark.
fn opened<'b>(
    file: &str,
    dbf: &'b [u8],
    cpg: Option<&[u8]>,
    named: Option<&str>,
) -> Result<Dbase<Cursor<&'b [u8]>>, ImportError> {
    let own = cpg.map(|cpg| String::from_utf8_lossy(cpg).trim().to_ascii_lowercase());
    let label = named.map(str::to_owned).or(own);
    let mut builder = ReaderBuilder::new();
    if let Some(label) = label {
        // "1252" and "65001" are how Windows calls its code pages.
        let spelt = match label.as_str() {
            "65001" => "utf-8".to_owned(),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("windows-{digits}")
            }
            other => other.replace("ansi ", "windows-"),
        };
        let encoding = encoding_rs::Encoding::for_label(spelt.as_bytes()).ok_or_else(|| {
            ImportError::UnknownEncoding {
                file: file.to_owned(),
                encoding: label,
            }
        })?;
        builder = builder.with_encoding(EncodingRs::from(encoding));
    }
    builder
        .build(Cursor::new(dbf))
        .map_err(|error| not_shapefile(file, error))
}

/// A value as text; `None`: nothing stands there.
fn written(value: &FieldValue) -> Option<String> {
    match value {
        FieldValue::Character(text) => text.clone(),
        FieldValue::Memo(text) => Some(text.clone()),
        FieldValue::Numeric(number) => number.map(|number| number.to_string()),
        FieldValue::Float(number) => number.map(|number| number.to_string()),
        FieldValue::Integer(number) => Some(number.to_string()),
        FieldValue::Double(number) | FieldValue::Currency(number) => Some(number.to_string()),
        FieldValue::Logical(flag) => flag.map(|flag| flag.to_string()),
        FieldValue::Date(date) => {
            date.map(|date| format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()))
        }
        FieldValue::DateTime(_) => None,
    }
}

fn geometry(shape: &Shape) -> Geometry {
    match shape {
        Shape::NullShape => Geometry::None,
        Shape::Point(at) => Geometry::Point([at.x, at.y]),
        Shape::PointM(at) => Geometry::Point([at.x, at.y]),
        Shape::PointZ(at) => Geometry::Point([at.x, at.y]),
        Shape::Polyline(line) => lines(line.parts(), |at| [at.x, at.y]),
        Shape::PolylineM(line) => lines(line.parts(), |at| [at.x, at.y]),
        Shape::PolylineZ(line) => lines(line.parts(), |at| [at.x, at.y]),
        Shape::Polygon(polygon) => polygons(polygon, |at| [at.x, at.y]),
        Shape::PolygonM(polygon) => polygons(polygon, |at| [at.x, at.y]),
        Shape::PolygonZ(polygon) => polygons(polygon, |at| [at.x, at.y]),
        Shape::Multipoint(points) => match points.points() {
            [only] => Geometry::Point([only.x, only.y]),
            _ => Geometry::Unreadable("Multipoint".to_owned()),
        },
        other => Geometry::Unreadable(other.shapetype().to_string()),
    }
}

fn lines<P>(parts: &[Vec<P>], pair: impl Fn(&P) -> Pair) -> Geometry {
    let part = |part: &Vec<P>| part.iter().map(&pair).collect();
    Geometry::Lines(parts.iter().map(part).collect())
}

/// Rings by their direction, as the format tells them apart. A hole belongs to the outer ring around
/// it, which is found by its first position: the format does not order them.
fn polygons<P>(polygon: &GenericPolygon<P>, pair: impl Fn(&P) -> Pair) -> Geometry {
    let mut polygons: Vec<Vec<Vec<Pair>>> = Vec::new();
    let mut holes = Vec::new();
    for ring in polygon.rings() {
        match ring {
            PolygonRing::Outer(points) => {
                polygons.push(vec![points.iter().map(&pair).collect()]);
            }
            PolygonRing::Inner(points) => holes.push(points.iter().map(&pair).collect::<Vec<_>>()),
        }
    }
    for hole in holes {
        let around = polygons.iter().position(|rings| {
            let outer = rings.first();
            outer.is_some_and(|outer| hole.first().is_some_and(|first| inside(outer, first)))
        });
        // A hole around which nothing is: the direction of its ring is wrong.
        match around.and_then(|number| polygons.get_mut(number)) {
            Some(rings) => rings.push(hole),
            None => polygons.push(vec![hole]),
        }
    }
    Geometry::Polygons(polygons)
}

/// Even-odd rule in the plane of the file.
fn inside(ring: &[Pair], [x, y]: &Pair) -> bool {
    let edges = ring.iter().zip(ring.iter().cycle().skip(1));
    let crossed = |([x1, y1], [x2, y2]): &(&Pair, &Pair)| {
        (y1 > y) != (y2 > y) && *x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)
    };
    edges.filter(crossed).count() % 2 == 1
}
