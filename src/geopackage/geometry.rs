//! Geometries in GeoPackage's binary form: a header, then well-known binary (OGC 06-103r4, ISO
//! 13249-3).

/// How the blob begins.
const MAGIC: &[u8] = b"GP";
/// Bytes of the header before the envelope: magic, version, flags, system.
const HEADER_BYTES: usize = 8;
/// Most positions or parts that a count may claim before as many bytes are there to hold them.
const PART_BYTES_MIN: usize = 4;

/// What is drawn: x and y of each position, heights and measures left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Points.
    Points(Vec<[f64; 2]>),
    /// Lines.
    Lines(Vec<Vec<[f64; 2]>>),
    /// Polygons: the outer ring of each first, then its holes.
    Polygons(Vec<Vec<Vec<[f64; 2]>>>),
    /// Another type: its name.
    Other(String),
}

impl Shape {
    /// Every position.
    #[must_use]
    pub fn positions(&self) -> Box<dyn Iterator<Item = &[f64; 2]> + '_> {
        match self {
            Self::Points(points) => Box::new(points.iter()),
            Self::Lines(parts) => Box::new(parts.iter().flatten()),
            Self::Polygons(polygons) => Box::new(polygons.iter().flatten().flatten()),
            Self::Other(_) => Box::new(std::iter::empty()),
        }
    }

    /// West, south, east, north.
    #[must_use]
    pub fn bounds(&self) -> Option<[f64; 4]> {
        let boxes = self.positions().map(|[x, y]| [*x, *y, *x, *y]);
        boxes.reduce(|[west, south, east, north], [x, y, ..]| {
            [west.min(x), south.min(y), east.max(x), north.max(y)]
        })
    }
}

/// Reads a blob; `None`: the geometry is empty.
pub(super) fn parse(blob: &[u8]) -> Result<Option<Shape>, &'static str> {
    let rest = blob
        .strip_prefix(MAGIC)
        .ok_or("a geometry does not begin with GP")?;
    let flags = *rest.get(1).ok_or("a geometry is cut off")?;
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err("a geometry has an envelope of no known kind"),
    };
    if flags & 0x20 != 0 {
        return Ok(Some(Shape::Other("an extended geometry".to_owned())));
    }
    let body = blob
        .get(HEADER_BYTES + envelope..)
        .ok_or("a geometry is cut off")?;
    if flags & 0x10 != 0 {
        return Ok(None);
    }
    let shape = Wkb(body).shape()?;
    let empty = shape.positions().next().is_none() && !matches!(shape, Shape::Other(_));
    Ok((!empty).then_some(shape))
}

/// What is left of a well-known binary.
struct Wkb<'b>(&'b [u8]);

impl Wkb<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (head, rest) = self.0.split_first_chunk().ok_or("a geometry is cut off")?;
        self.0 = rest;
        Ok(*head)
    }

    fn whole(&mut self, little: bool) -> Result<u32, &'static str> {
        let bytes = self.bytes()?;
        Ok(if little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        })
    }

    /// A count of parts, no more than there are bytes for.
    fn count(&mut self, little: bool) -> Result<usize, &'static str> {
        let count = self.whole(little)? as usize;
        if count > self.0.len() / PART_BYTES_MIN {
            return Err("a geometry claims more parts than it holds");
        }
        Ok(count)
    }

    /// Byte order, type without its dimensions, and how many numbers a position has.
    fn head(&mut self) -> Result<(bool, u32, usize), &'static str> {
        let [order] = self.bytes()?;
        let little = match order {
            0 => false,
            1 => true,
            _ => return Err("a geometry has no known byte order"),
        };
        let code = self.whole(little)?;
        // ISO adds thousands, PostGIS sets the highest bits.
        let (iso, plain) = ((code & 0x0FFF_FFFF) / 1_000, (code & 0x0FFF_FFFF) % 1_000);
        let has_z = iso == 1 || iso == 3 || code & 0x8000_0000 != 0;
        let has_m = iso == 2 || iso == 3 || code & 0x4000_0000 != 0;
        if code & 0x2000_0000 != 0 {
            self.whole(little)?; // its own system, which the table has said already
        }
        Ok((little, plain, 2 + usize::from(has_z) + usize::from(has_m)))
    }

    fn position(&mut self, little: bool, numbers: usize) -> Result<[f64; 2], &'static str> {
        let mut pair = [0.0; 2];
        for place in 0..numbers {
            let bytes = self.bytes()?;
            let number = if little {
                f64::from_le_bytes(bytes)
            } else {
                f64::from_be_bytes(bytes)
            };
            if let Some(slot) = pair.get_mut(place) {
                *slot = number;
            }
        }
        Ok(pair)
    }

    fn path(&mut self, little: bool, numbers: usize) -> Result<Vec<[f64; 2]>, &'static str> {
        let count = self.count(little)?;
        (0..count).map(|_| self.position(little, numbers)).collect()
    }

    fn rings(&mut self, little: bool, numbers: usize) -> Result<Vec<Vec<[f64; 2]>>, &'static str> {
        let count = self.count(little)?;
        (0..count).map(|_| self.path(little, numbers)).collect()
    }

    fn shape(&mut self) -> Result<Shape, &'static str> {
        let (little, kind, numbers) = self.head()?;
        match kind {
            1 => {
                let at = self.position(little, numbers)?;
                // An empty point is one of NaN (OGC 12-128r18, requirement 19).
                let there = at.iter().all(|number| number.is_finite());
                Ok(Shape::Points(if there { vec![at] } else { Vec::new() }))
            }
            2 => Ok(Shape::Lines(vec![self.path(little, numbers)?])),
            3 => Ok(Shape::Polygons(vec![self.rings(little, numbers)?])),
            4..=6 => self.many(little, kind),
            7 => Ok(Shape::Other("GeometryCollection".to_owned())),
            other => Ok(Shape::Other(format!("type {other}"))),
        }
    }

    /// The parts of a multiple geometry, each with a head of its own.
    fn many(&mut self, little: bool, kind: u32) -> Result<Shape, &'static str> {
        let (mut points, mut lines, mut polygons) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.count(little)? {
            let (little, part, numbers) = self.head()?;
            match (kind, part) {
                (4, 1) => points.push(self.position(little, numbers)?),
                (5, 2) => lines.push(self.path(little, numbers)?),
                (6, 3) => polygons.push(self.rings(little, numbers)?),
                _ => return Err("a multiple geometry holds another kind"),
            }
        }
        Ok(match kind {
            4 => Shape::Points(points),
            5 => Shape::Lines(lines),
            _ => Shape::Polygons(polygons),
        })
    }
}

/// A blob with an envelope, little-endian, of this system.
#[must_use]
pub(super) fn blob(shape: &Shape, system: i32, multiple: bool) -> Vec<u8> {
    let mut blob = Vec::new();
    blob.extend_from_slice(MAGIC);
    let bounds = shape.bounds();
    let many_points = matches!(shape, Shape::Points(_));
    // Points carry no envelope: it would be longer than they are.
    let flags = match bounds {
        None => 0x11,
        Some(_) if many_points => 0x01,
        Some(_) => 0x03,
    };
    blob.extend_from_slice(&[0, flags]);
    blob.extend_from_slice(&system.to_le_bytes());
    if let Some([west, south, east, north]) = bounds.filter(|_| !many_points) {
        for number in [west, east, south, north] {
            blob.extend_from_slice(&number.to_le_bytes());
        }
    }
    put_shape(&mut blob, shape, multiple);
    blob
}

fn put_shape(blob: &mut Vec<u8>, shape: &Shape, multiple: bool) {
    match shape {
        Shape::Points(points) if !multiple => {
            head(blob, 1);
            let nowhere = [f64::NAN, f64::NAN];
            put_position(blob, points.first().unwrap_or(&nowhere));
        }
        Shape::Points(points) => {
            head(blob, 4);
            put_count(blob, points.len());
            for at in points {
                head(blob, 1);
                put_position(blob, at);
            }
        }
        Shape::Lines(lines) => {
            if multiple {
                head(blob, 5);
                put_count(blob, lines.len());
            }
            for line in lines.iter().take(if multiple { usize::MAX } else { 1 }) {
                head(blob, 2);
                put_path(blob, line);
            }
        }
        Shape::Polygons(polygons) => {
            if multiple {
                head(blob, 6);
                put_count(blob, polygons.len());
            }
            for rings in polygons.iter().take(if multiple { usize::MAX } else { 1 }) {
                head(blob, 3);
                put_count(blob, rings.len());
                for ring in rings {
                    put_path(blob, ring);
                }
            }
        }
        Shape::Other(_) => {
            head(blob, 7);
            put_count(blob, 0);
        }
    }
}

fn head(blob: &mut Vec<u8>, kind: u32) {
    blob.push(1);
    blob.extend_from_slice(&kind.to_le_bytes());
}

fn put_count(blob: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    blob.extend_from_slice(&count.to_le_bytes());
}

fn put_position(blob: &mut Vec<u8>, [x, y]: &[f64; 2]) {
    blob.extend_from_slice(&x.to_le_bytes());
    blob.extend_from_slice(&y.to_le_bytes());
}

fn put_path(blob: &mut Vec<u8>, path: &[[f64; 2]]) {
    put_count(blob, path.len());
    for at in path {
        put_position(blob, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_come_back_from_their_blobs() {
        let ring = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 0.0]];
        let hole = vec![[1.0, 0.5], [2.0, 0.5], [2.0, 1.0], [1.0, 0.5]];
        for (shape, multiple) in [
            (Shape::Points(vec![[15.25, -4.25]]), false),
            (Shape::Points(vec![[1.0, 2.0], [3.0, 4.0]]), true),
            (Shape::Lines(vec![ring.clone()]), false),
            (Shape::Lines(vec![ring.clone(), hole.clone()]), true),
            (
                Shape::Polygons(vec![vec![ring.clone(), hole.clone()]]),
                false,
            ),
            (
                Shape::Polygons(vec![vec![ring.clone()], vec![hole.clone()]]),
                true,
            ),
        ] {
            assert_eq!(parse(&blob(&shape, 4326, multiple)), Ok(Some(shape)));
        }
        assert_eq!(
            parse(&blob(&Shape::Points(Vec::new()), 4326, false)),
            Ok(None)
        );
    }

    #[test]
    fn heights_are_left_out_in_either_byte_order() {
        let mut body = vec![0_u8]; // big-endian, ISO PointZ
        body.extend_from_slice(&1_001_u32.to_be_bytes());
        for number in [15.0_f64, -4.0, 300.0] {
            body.extend_from_slice(&number.to_be_bytes());
        }
        let mut blob = b"GP\0\0\0\0\x10\xE6".to_vec();
        blob.extend_from_slice(&body);
        assert_eq!(parse(&blob), Ok(Some(Shape::Points(vec![[15.0, -4.0]]))));
    }

    #[test]
    fn damaged_blobs_are_named_and_never_read_beyond() {
        let whole = blob(
            &Shape::Lines(vec![vec![[0.0, 0.0], [1.0, 1.0]]]),
            4326,
            false,
        );
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).is_err(), "{length}");
        }
        let mut claims = whole.clone();
        let count = claims.len() - 32 - 4;
        claims[count..count + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(
            parse(&claims),
            Err("a geometry claims more parts than it holds")
        );
    }
}
