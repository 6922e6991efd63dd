//! Coordinate systems written out in words (OGC WKT 1 and 2, and ESRI's dialect in `.prj` files).

use super::{Crs, Zone};

/// The system of a text: by its EPSG number where it states one, else by its name. The error is the
/// name, for the refusal.
pub(in crate::import) fn from_wkt(text: &str) -> Result<Crs, String> {
    let name = quoted(text).unwrap_or_else(|| text.trim().chars().take(80).collect());
    let numbered = epsg(text).and_then(Crs::from_epsg);
    match numbered.or_else(|| from_words(&name)) {
        Some(crs) => Ok(crs),
        None => Err(epsg(text).map_or(name.clone(), |code| format!("EPSG:{code} ({name})"))),
    }
}

/// The first text in quotation marks: the name of the whole.
fn quoted(text: &str) -> Option<String> {
    let mut parts = text.split('"');
    parts.next()?;
    parts.next().map(str::to_owned)
}

/// The EPSG number of the whole: the last authority of the text, when nothing follows it but
/// closing brackets. Those before belong to the datum, the units and so on.
fn epsg(text: &str) -> Option<u32> {
    let start = ["AUTHORITY[", "ID["]
        .iter()
        .filter_map(|word| Some(text.rfind(word)? + word.len()))
        .max()?;
    let (inside, after) = text.get(start..)?.split_once(']')?;
    if after
        .chars()
        .any(|letter| !letter.is_whitespace() && letter != ']')
    {
        return None;
    }
    // One bracket closes the whole: with more the number is that of a part.
    if after.matches(']').count() > 1 {
        return None;
    }
    let (authority, code) = inside.split_once(',')?;
    let plain = |text: &str| text.trim().trim_matches('"').to_owned();
    (plain(authority) == "EPSG").then(|| plain(code).parse().ok())?
}

/// Names that ESRI, QGIS and GDAL write for systems on WGS84. Any other datum is another system.
fn from_words(name: &str) -> Option<Crs> {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    match plain.as_str() {
        "gcswgs1984" | "wgs84" | "wgs1984" | "wgs84crs84" => return Some(Crs::Wgs84),
        "wgs1984webmercatorauxiliarysphere"
        | "wgs1984webmercator"
        | "wgs84pseudomercator"
        | "popularvisualisationcrsmercator" => return Some(Crs::WebMercator),
        _ => {}
    }
    let zone = plain
        .strip_prefix("wgs1984utmzone")
        .or_else(|| plain.strip_prefix("wgs84utmzone"))?;
    let (number, side) = zone.split_at_checked(zone.len().checked_sub(1)?)?;
    let number: u8 = number.parse().ok()?;
    let south = match side {
        "n" => false,
        "s" => true,
        _ => return None,
    };
    (1..=60)
        .contains(&number)
        .then_some(Crs::Utm(Zone { number, south }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_number_or_name() {
        let esri = r#"PROJCS["WGS_1984_UTM_Zone_33S",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],UNIT["Meter",1.0]]"#;
        assert_eq!(from_wkt(esri).unwrap().code(), "EPSG:32733");
        let gdal = r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],AUTHORITY["EPSG","4326"]]"#;
        assert_eq!(from_wkt(gdal), Ok(Crs::Wgs84));
        let geographic = r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
        assert_eq!(from_wkt(geographic), Ok(Crs::Wgs84));
        let two = r#"PROJCRS["WGS 84 / UTM zone 32N",BASEGEOGCRS["WGS 84"],ID["EPSG",32632]]"#;
        assert_eq!(from_wkt(two).unwrap().code(), "EPSG:32632");
        let web = r#"PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere",GEOGCS["GCS_WGS_1984"]]"#;
        assert_eq!(from_wkt(web), Ok(Crs::WebMercator));
    }

    #[test]
    fn another_datum_is_refused_by_its_name() {
        let minna = r#"PROJCS["Minna_UTM_Zone_32N",GEOGCS["GCS_Minna",DATUM["D_Minna",SPHEROID["Clarke_1880_RGS",6378249.145,293.465]]],AUTHORITY["EPSG","26332"]]"#;
        assert_eq!(
            from_wkt(minna),
            Err("EPSG:26332 (Minna_UTM_Zone_32N)".to_owned())
        );
        let carthage = r#"GEOGCS["GCS_Carthage",DATUM["D_Carthage",SPHEROID["Clarke_1880_IGN",6378249.2,293.46602]],UNIT["Degree",0.01,AUTHORITY["EPSG","4326"]]]"#;
        assert_eq!(from_wkt(carthage), Err("GCS_Carthage".to_owned()));
        assert_eq!(from_wkt("nonsense"), Err("nonsense".to_owned()));
    }
}
