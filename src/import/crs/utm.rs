//! Universal Transverse Mercator on WGS84, by the Krüger series to the fourth power of the third
//! flattening: IOGP Guidance Note 7-2, method 9807 (the formulas of JHS 154). Good to a millimetre
//! within a zone and its neighbours.

use super::Zone;

/// Semi-major axis of WGS84, metres.
const SEMI_MAJOR_METRES: f64 = 6_378_137.0;
/// Flattening of WGS84.
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Scale on the central meridian.
const SCALE: f64 = 0.9996;
/// Easting of the central meridian, metres.
const FALSE_EASTING_METRES: f64 = 500_000.0;
/// Northing of the equator south of it, metres.
const FALSE_NORTHING_METRES: f64 = 10_000_000.0;
/// Steps of the way back from the conformal latitude: each gains two digits.
const LATITUDE_STEPS: usize = 8;

/// The projection of a zone.
pub(super) struct Utm {
    central_meridian_degrees: f64,
    false_northing_metres: f64,
    /// Radius of the rectifying sphere, scaled, metres.
    radius_metres: f64,
    eccentricity: f64,
    forward: [f64; 4],
    reverse: [f64; 4],
}

impl Utm {
    pub(super) fn new(zone: Zone) -> Self {
        let n = FLATTENING / (2.0 - FLATTENING);
        let (n2, n3, n4) = (n * n, n * n * n, n * n * n * n);
        Self {
            central_meridian_degrees: f64::from(zone.number) * 6.0 - 183.0,
            false_northing_metres: if zone.south {
                FALSE_NORTHING_METRES
            } else {
                0.0
            },
            radius_metres: SCALE * SEMI_MAJOR_METRES / (1.0 + n) * (1.0 + n2 / 4.0 + n4 / 64.0),
            eccentricity: (2.0 * FLATTENING - FLATTENING * FLATTENING).sqrt(),
            forward: [
                n / 2.0 - 2.0 / 3.0 * n2 + 5.0 / 16.0 * n3 + 41.0 / 180.0 * n4,
                13.0 / 48.0 * n2 - 3.0 / 5.0 * n3 + 557.0 / 1_440.0 * n4,
                61.0 / 240.0 * n3 - 103.0 / 140.0 * n4,
                49_561.0 / 161_280.0 * n4,
            ],
            reverse: [
                n / 2.0 - 2.0 / 3.0 * n2 + 37.0 / 96.0 * n3 - n4 / 360.0,
                n2 / 48.0 + n3 / 15.0 - 437.0 / 1_440.0 * n4,
                17.0 / 480.0 * n3 - 37.0 / 840.0 * n4,
                4_397.0 / 161_280.0 * n4,
            ],
        }
    }

    /// Longitude and latitude, degrees, of an easting and a northing.
    pub(super) fn degrees(&self, [easting, northing]: [f64; 2]) -> [f64; 2] {
        let eta = (easting - FALSE_EASTING_METRES) / self.radius_metres;
        let xi = (northing - self.false_northing_metres) / self.radius_metres;
        let (mut xi0, mut eta0) = (xi, eta);
        for (times, h) in (1_u8..).zip(self.reverse) {
            let twice = 2.0 * f64::from(times);
            xi0 -= h * (twice * xi).sin() * (twice * eta).cosh();
            eta0 -= h * (twice * xi).cos() * (twice * eta).sinh();
        }
        let beta = (xi0.sin() / eta0.cosh()).asin();
        let isometric = beta.tan().asinh();
        let mut q = isometric;
        for _ in 0..LATITUDE_STEPS {
            q = isometric + self.eccentricity * (self.eccentricity * q.tanh()).atanh();
        }
        let longitude = (eta0.tanh() / beta.cos()).asin();
        [
            self.central_meridian_degrees + longitude.to_degrees(),
            q.sinh().atan().to_degrees(),
        ]
    }

    /// Easting and northing, metres, of a longitude and a latitude.
    pub(super) fn projected(&self, [longitude, latitude]: [f64; 2]) -> [f64; 2] {
        let latitude = latitude.to_radians();
        let apart = (longitude - self.central_meridian_degrees).to_radians();
        let q = latitude.tan().asinh()
            - self.eccentricity * (self.eccentricity * latitude.sin()).atanh();
        let beta = q.sinh().atan();
        let eta0 = (beta.cos() * apart.sin()).atanh();
        let xi0 = (beta.sin() * eta0.cosh()).asin();
        let (mut xi, mut eta) = (xi0, eta0);
        for (times, h) in (1_u8..).zip(self.forward) {
            let twice = 2.0 * f64::from(times);
            xi += h * (twice * xi0).sin() * (twice * eta0).cosh();
            eta += h * (twice * xi0).cos() * (twice * eta0).sinh();
        }
        [
            FALSE_EASTING_METRES + self.radius_metres * eta,
            self.false_northing_metres + self.radius_metres * xi,
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_positions() {
        // Zone, south, longitude, latitude, easting, northing: computed with PROJ 9.
        for (number, south, longitude, latitude, easting, northing) in KNOWN {
            let utm = Utm::new(Zone { number, south });
            let [x, y] = utm.projected([longitude, latitude]);
            assert!(
                (x - easting).abs() < 0.001 && (y - northing).abs() < 0.001,
                "{x} {y}"
            );
            let [l, b] = utm.degrees([easting, northing]);
            assert!(
                (l - longitude).abs() < 1e-8 && (b - latitude).abs() < 1e-8,
                "{l} {b}"
            );
        }
    }

    const KNOWN: [(u8, bool, f64, f64, f64, f64); 6] = [
        (33, true, 15.2429, -4.2634, 526_954.474_4, 9_528_753.229_9),
        (33, false, 13.5, 1.25, 333_107.834_7, 138_210.443_1),
        (31, false, 1.2228, 6.1319, 303_335.046_3, 678_110.996_4),
        (35, true, 27.4833, -29.3167, 546_929.471_9, 6_756_828.994_0),
        (32, false, 10.1815, 36.8065, 605_393.138_4, 4_074_058.223_3),
        (32, false, 4.2, 13.5, -20_002.640_9, 1_497_523.522_9),
    ];

    proptest! {
        #[test]
        fn there_and_back(
            number in 1_u8..=60, south in any::<bool>(),
            apart in -5.0..5.0_f64, latitude in 0.0..80.0_f64,
        ) {
            let latitude = if south { -latitude } else { latitude };
            let utm = Utm::new(Zone { number, south });
            let longitude = utm.central_meridian_degrees + apart;
            let [l, b] = utm.degrees(utm.projected([longitude, latitude]));
            prop_assert!((l - longitude).abs() < 1e-8 && (b - latitude).abs() < 1e-8, "{l} {b}");
        }
    }
}
