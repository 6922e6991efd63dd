//! Synthetic ground with known heights: no file of these is anybody's.

#![expect(
    clippy::similar_names,
    reason = "a tie point and the tile that it places"
)]

use std::io::{Cursor, Write as _};

use desserte_planning::Position;
use tiff::encoder::{TiffEncoder, colortype};
use tiff::tags::Tag;

use super::*;

fn at(latitude: f64, longitude: f64) -> Position {
    Position::new(latitude, longitude).unwrap()
}

/// A plane that rises a metre each sample to the east and ten to the south.
fn plane(side: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let metres = i16::try_from(column + 10 * row).unwrap();
            bytes.extend_from_slice(&metres.to_be_bytes());
        }
    }
    bytes
}

#[test]
fn an_hgt_lies_where_its_name_says() {
    let mut bytes = plane(11);
    bytes[0..2].copy_from_slice(&i16::MIN.to_be_bytes());
    let heights = read("S05E014.hgt", &bytes, None).unwrap();
    assert_eq!(heights.unknown_samples, 1);
    let tile = &heights.tiles[0];
    assert_eq!(
        tile.height_metres(at(-5.0, 15.0)),
        Some(110.0),
        "south-east"
    );
    let middle = tile.height_metres(at(-4.45, 14.55)).unwrap();
    assert!((middle - (5.5 + 45.0)).abs() < 1e-6, "{middle}");
    assert_eq!(tile.height_metres(at(-4.0, 14.0)), None, "unknown");
    assert_eq!(tile.height_metres(at(-5.1, 14.5)), None);
    for (name, bytes) in [("S05E014.hgt", &bytes[2..]), ("south.hgt", &bytes[..])] {
        let error = read(name, bytes, None).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert!(error.text_fr().contains("relief"), "{}", error.text_fr());
    }
}

#[test]
fn fine_samples_are_thinned_to_the_highest_and_tiles_still_meet() {
    let side = 3_601; // one second of arc
    let mut bytes = vec![0; side * side * 2];
    let peak = (1_801 * side + 1_799) * 2;
    bytes[peak..peak + 2].copy_from_slice(&700_i16.to_be_bytes());
    let tile = read("N06E001.hgt", &bytes, None).unwrap().tiles.remove(0);
    assert_eq!(tile.columns, 1_201);
    assert_eq!(tile.heights_metres.len(), 1_201 * 1_201);
    assert_eq!(
        tile.heights_metres.iter().max(),
        Some(&700),
        "the peak is kept"
    );
    assert_eq!(
        tile.height_metres(at(6.0, 2.0)),
        Some(0.0),
        "the far corner"
    );
}

/// A GeoTIFF of 16-bit heights, row by row from the north.
fn geotiff(
    heights: &[i16],
    columns: u32,
    (keys, scale, tie): (&[u16], [f64; 3], [f64; 6]),
) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    let rows = u32::try_from(heights.len()).unwrap() / columns;
    let mut image = encoder
        .new_image::<colortype::GrayI16>(columns, rows)
        .unwrap();
    let tags = image.encoder();
    tags.write_tag(Tag::ModelPixelScaleTag, &scale[..]).unwrap();
    tags.write_tag(Tag::ModelTiepointTag, &tie[..]).unwrap();
    tags.write_tag(Tag::GeoKeyDirectoryTag, keys).unwrap();
    tags.write_tag(Tag::GdalNodata, "-9999").unwrap();
    image.write_data(heights).unwrap();
    file.into_inner()
}

const GEOGRAPHIC_AREA: [u16; 16] = [1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326];

#[test]
fn a_geotiff_of_areas_has_its_samples_in_the_middle_of_its_pixels() {
    let heights = [100, 200, -9999, 400];
    let tie = [0.0, 0.0, 0.0, 10.0, 2.0, 0.0];
    let bytes = geotiff(&heights, 2, (&GEOGRAPHIC_AREA, [1.0, 1.0, 0.0], tie));
    let heights = read("dem.tif", &bytes, None).unwrap();
    assert_eq!(heights.unknown_samples, 1);
    let tile = &heights.tiles[0];
    assert_eq!(tile.height_metres(at(1.5, 10.5)), Some(100.0));
    assert_eq!(tile.height_metres(at(1.5, 11.0)), Some(150.0));
    assert_eq!(tile.height_metres(at(0.5, 11.5)), Some(400.0));
    assert_eq!(tile.height_metres(at(0.5, 10.5)), None);
}

#[test]
fn a_geotiff_in_metres_is_brought_to_degrees_and_an_unknown_system_refused() {
    // 40 by 40 samples of 250 m around a place of UTM zone 33 south, rising with the column.
    let utm = Crs::from_epsg(32_733).unwrap();
    let [x, y] = utm.projected([15.2, -4.2]);
    let heights: Vec<i16> = (0..1_600).map(|number| (number % 40) * 10).collect();
    let tie = [0.0, 0.0, 0.0, x, y, 0.0];
    let keys = |code: u16| [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 2, 3072, 0, 1, code];
    let bytes = geotiff(&heights, 40, (&keys(32_733), [250.0, 250.0, 0.0], tie));
    let tile = read("utm.tif", &bytes, None).unwrap().tiles.remove(0);
    for column in [5.0, 17.5, 30.0] {
        let [longitude, latitude] = utm.degrees([x + column * 250.0, y - 5_000.0]);
        let metres = tile.height_metres(at(latitude, longitude)).unwrap();
        assert!((metres - column * 10.0).abs() < 1.5, "{metres} at {column}");
    }
    let foreign = geotiff(&heights, 40, (&keys(26_332), [250.0, 250.0, 0.0], tie));
    let error = read("minna.tif", &foreign, None).unwrap_err();
    assert!(error.to_string().contains("EPSG:26332"), "{error}");
}

#[test]
fn an_archive_of_tiles_is_one_layer() {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["folder/N06E001.hgt", "N06E002.hgt", "read-me.txt"] {
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(&plane(11)).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    let heights = read("togo.zip", &bytes, None).unwrap();
    assert_eq!(heights.tiles.len(), 2);
    assert_eq!(heights.tiles[1].height_metres(at(6.5, 2.5)), Some(55.0));
    let error = read("broken.tif", b"II*\0....", None).unwrap_err();
    assert!(error.to_string().contains("not a readable TIFF"), "{error}");
}
