//! One band of a GeoTIFF. Degrees are taken as they are, Web Mercator and UTM are brought into a
//! grid of degrees, every other system is refused with its number.

use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::Detail;
use super::grid::Grid;
use crate::import::ImportError;
use crate::import::crs::{self, Crs};

/// Most samples of a file: one second over seven degrees square.
const SAMPLES_MAX: u64 = 640_000_000;
/// Bytes that decoding may take at once: a double for each sample.
const BUFFER_BYTES_MAX: usize = 2 * 1024 * 1024 * 1024;
/// Keys of GeoTIFF (OGC 19-008r4, annex B): model type, raster type, geographic and projected system.
const MODEL_TYPE: u16 = 1_024;
const RASTER_TYPE: u16 = 1_025;
const GEOGRAPHIC: u16 = 2_048;
const PROJECTED: u16 = 3_072;
/// Values of the first two.
const MODEL_PROJECTED: u16 = 1;
const MODEL_GEOGRAPHIC: u16 = 2;
const PIXEL_IS_POINT: u16 = 2;
/// Degrees between the samples of a grid that is made of metres: as fine as tiles are kept.
const STEP_DEGREES: f64 = 3.0 / 3_600.0;
/// Most samples of a side of such a grid.
const SIDE_MAX: f64 = 20_000.0;
/// No height is above or below these, metres: what is beyond says "unknown" in some program's way.
const LOWEST_METRES: f64 = -12_000.0;
const HIGHEST_METRES: f64 = 9_000.0;

/// Samples where the file has them.
struct Raster {
    columns: usize,
    rows: usize,
    /// x and y of the centre of the first sample, and the steps to the next column and row.
    origin: [f64; 2],
    steps: [f64; 2],
    heights: Vec<Option<f64>>,
}

/// Reads the file; the inner error says what is wrong with its heights.
pub(super) fn read(
    file: &str,
    name: &str,
    bytes: &[u8],
    named: Option<Crs>,
) -> Result<Result<Grid, Detail>, ImportError> {
    let (keys, raster) = match opened(bytes) {
        Ok(read) => read,
        Err(detail) => return Ok(Err(detail)),
    };
    let system = match named {
        Some(crs) => crs,
        None => match own_crs(&keys) {
            Ok(crs) => crs,
            Err(code) => return Err(crs::unknown(file, &code)),
        },
    };
    Ok(match system {
        Crs::Wgs84 => raster.in_degrees(name),
        projected => raster.brought_to_degrees(name, projected),
    })
}

fn own_crs(keys: &[(u16, u16)]) -> Result<Crs, String> {
    let key = |wanted: u16| {
        keys.iter()
            .find(|(key, _)| *key == wanted)
            .map(|(_, value)| *value)
    };
    let code = match key(MODEL_TYPE) {
        Some(MODEL_GEOGRAPHIC) => key(GEOGRAPHIC),
        Some(MODEL_PROJECTED) => key(PROJECTED),
        _ => None,
    };
    let code = code.ok_or_else(|| "a system that the GeoTIFF does not name".to_owned())?;
    Crs::from_epsg(u32::from(code)).ok_or_else(|| format!("EPSG:{code}"))
}

fn broken(error: impl std::fmt::Display) -> Detail {
    (
        format!("TIFF illisible : {error}"),
        format!("not a readable TIFF: {error}"),
    )
}

/// Keys of the system, and the samples.
fn opened(bytes: &[u8]) -> Result<(Vec<(u16, u16)>, Raster), Detail> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = BUFFER_BYTES_MAX;
    let mut decoder = Decoder::new(Cursor::new(bytes))
        .map_err(broken)?
        .with_limits(limits);
    let (columns, rows) = decoder.dimensions().map_err(broken)?;
    if u64::from(columns) * u64::from(rows) > SAMPLES_MAX || columns == 0 || rows == 0 {
        return Err((
            format!("{columns} × {rows} échantillons ; la limite est {SAMPLES_MAX}"),
            format!("{columns} × {rows} samples; the limit is {SAMPLES_MAX}"),
        ));
    }
    let keys = decoder
        .get_tag_u16_vec(Tag::GeoKeyDirectoryTag)
        .unwrap_or_default();
    // Each key is four numbers: itself, where its value is, how many, the value.
    let keys: Vec<(u16, u16)> = keys
        .chunks_exact(4)
        .skip(1)
        .filter_map(|key| match key {
            [key, 0, _, value] => Some((*key, *value)),
            _ => None,
        })
        .collect();
    let numbers = |tag| decoder_numbers(&mut decoder, tag);
    let (origin, steps) = placed(numbers, &keys)?;
    let unknown = decoder
        .find_tag(Tag::GdalNodata)
        .ok()
        .flatten()
        .and_then(|value| value.into_string().ok())
        .and_then(|text| text.trim_matches(['\0', ' ']).parse::<f64>().ok());
    let (columns, rows) = (columns as usize, rows as usize);
    let heights = heights(decoder.read_image().map_err(broken)?, unknown);
    if heights.len() != columns * rows {
        let bands = heights.len() / (columns * rows).max(1);
        return Err((
            format!("{bands} bandes ; une seule est attendue"),
            format!("{bands} bands; one is expected"),
        ));
    }
    let raster = Raster {
        columns,
        rows,
        origin,
        steps,
        heights,
    };
    Ok((keys, raster))
}

fn decoder_numbers(decoder: &mut Decoder<Cursor<&[u8]>>, tag: Tag) -> Option<Vec<f64>> {
    decoder.find_tag(tag).ok()??.into_f64_vec().ok()
}

/// Centre of the first sample, and steps, by tie point and scale.
fn placed(
    mut numbers: impl FnMut(Tag) -> Option<Vec<f64>>,
    keys: &[(u16, u16)],
) -> Result<([f64; 2], [f64; 2]), Detail> {
    let (scale, tie) = (
        numbers(Tag::ModelPixelScaleTag),
        numbers(Tag::ModelTiepointTag),
    );
    let (Some([across, down, ..]), Some([column, row, _, x, y, ..])) =
        (scale.as_deref(), tie.as_deref())
    else {
        return Err((
            "sans échelle ni point d'ancrage (GeoTIFF sans orientation simple)".to_owned(),
            "without scale and tie point (no GeoTIFF with its north up)".to_owned(),
        ));
    };
    if !(*across > 0.0 && *down > 0.0 && across.is_finite() && down.is_finite()) {
        return Err((
            format!("échelle {across} × {down}"),
            format!("scale {across} × {down}"),
        ));
    }
    // The tie point is a sample's corner, unless the raster type says that samples are points.
    let point = keys.contains(&(RASTER_TYPE, PIXEL_IS_POINT));
    let half = if point { 0.0 } else { 0.5 };
    let origin = [x + (half - column) * across, y - (half - row) * down];
    Ok((origin, [*across, *down]))
}

fn heights(samples: DecodingResult, unknown: Option<f64>) -> Vec<Option<f64>> {
    fn known<T>(
        samples: Vec<T>,
        unknown: Option<f64>,
        number: impl Fn(T) -> f64,
    ) -> Vec<Option<f64>> {
        let height = |sample| {
            let metres = number(sample);
            let is =
                |unknown: f64| (metres - unknown).abs() < f64::EPSILON.max(unknown.abs() * 1e-6);
            let within = (LOWEST_METRES..=HIGHEST_METRES).contains(&metres);
            (within && !unknown.is_some_and(is)).then_some(metres)
        };
        samples.into_iter().map(height).collect()
    }
    match samples {
        DecodingResult::U8(samples) => known(samples, unknown, f64::from),
        DecodingResult::I8(samples) => known(samples, unknown, f64::from),
        DecodingResult::U16(samples) => known(samples, unknown, f64::from),
        DecodingResult::I16(samples) => known(samples, unknown, f64::from),
        DecodingResult::U32(samples) => known(samples, unknown, f64::from),
        DecodingResult::I32(samples) => known(samples, unknown, f64::from),
        DecodingResult::F32(samples) => known(samples, unknown, f64::from),
        DecodingResult::F64(samples) => known(samples, unknown, |metres| metres),
        DecodingResult::F16(samples) => known(samples, unknown, f64::from),
        DecodingResult::U64(_) | DecodingResult::I64(_) => Vec::new(),
    }
}

impl Raster {
    fn in_degrees(self, name: &str) -> Result<Grid, Detail> {
        let [west, north] = self.origin;
        let east = west + self.steps[0] * float(self.columns - 1);
        let south = north - self.steps[1] * float(self.rows - 1);
        let half = self.steps[0].max(self.steps[1]);
        if west < -180.0 - half
            || east > 180.0 + half
            || north > 90.0 + half
            || south < -90.0 - half
        {
            return Err((
                format!("de {west}, {south} à {east}, {north} : au-delà de 180 ou 90 degrés"),
                format!("from {west}, {south} to {east}, {north}: beyond 180 or 90 degrees"),
            ));
        }
        Ok(Grid {
            name: name.to_owned(),
            west,
            north,
            step_longitude: self.steps[0],
            step_latitude: self.steps[1],
            columns: self.columns,
            heights: self.heights,
        })
    }

    /// Samples a grid of degrees between the raster's own samples, bilinear.
    fn brought_to_degrees(self, name: &str, system: Crs) -> Result<Grid, Detail> {
        let [west, south, east, north] = self.bounds(system);
        let count = |degrees: f64| (degrees / STEP_DEGREES).floor();
        let (columns, rows) = (count(east - west) + 1.0, count(north - south) + 1.0);
        if !(columns.is_finite() && rows.is_finite()) || columns.max(rows) > SIDE_MAX {
            return Err((
                format!("trop étendu : de {west}, {south} à {east}, {north}"),
                format!("too wide: from {west}, {south} to {east}, {north}"),
            ));
        }
        let (columns, rows) = (whole(columns), whole(rows));
        let mut heights = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let longitude = west + STEP_DEGREES * float(column);
                let latitude = north - STEP_DEGREES * float(row);
                heights.push(self.at(system.projected([longitude, latitude])));
            }
        }
        Ok(Grid {
            name: name.to_owned(),
            west,
            north,
            step_longitude: STEP_DEGREES,
            step_latitude: STEP_DEGREES,
            columns,
            heights,
        })
    }

    /// West, south, east, north of the outermost samples, degrees.
    fn bounds(&self, system: Crs) -> [f64; 4] {
        let (columns, rows) = (float(self.columns - 1), float(self.rows - 1));
        let along = [0.0, 0.25, 0.5, 0.75, 1.0];
        let edge = along
            .iter()
            .flat_map(|share| [(*share, 0.0), (*share, 1.0), (0.0, *share), (1.0, *share)]);
        let corners = edge.map(|(over, down)| {
            let x = self.origin[0] + self.steps[0] * columns * over;
            let y = self.origin[1] - self.steps[1] * rows * down;
            system.degrees([x, y])
        });
        let none = [
            f64::INFINITY,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
        ];
        corners.fold(none, |[west, south, east, north], [x, y]| {
            [west.min(x), south.min(y), east.max(x), north.max(y)]
        })
    }

    /// The height between the four samples around a place, `None` when one is unknown or outside.
    fn at(&self, [x, y]: [f64; 2]) -> Option<f64> {
        let (across, down) = (
            (x - self.origin[0]) / self.steps[0],
            (self.origin[1] - y) / self.steps[1],
        );
        if !(across >= 0.0 && down >= 0.0) {
            return None;
        }
        let (column, row) = (whole(across.floor()), whole(down.floor()));
        let (east, south) = (across.fract(), down.fract());
        let corners = [
            (0, 0, (1.0 - south) * (1.0 - east)),
            (0, 1, (1.0 - south) * east),
            (1, 0, south * (1.0 - east)),
            (1, 1, south * east),
        ];
        let mut height = 0.0;
        for (more_rows, more_columns, weight) in corners {
            if weight > 0.0 {
                height += weight * self.sample(row + more_rows, column + more_columns)?;
            }
        }
        Some(height)
    }

    fn sample(&self, row: usize, column: usize) -> Option<f64> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        *self.heights.get(row * self.columns + column)?
    }
}

#[expect(clippy::cast_precision_loss, reason = "columns and rows of a raster")]
fn float(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers ask with what is at least zero; beyond the raster is found outside it"
)]
fn whole(number: f64) -> usize {
    number as usize
}
