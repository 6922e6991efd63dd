//! Who a site of the fleet is.

use super::draw::{below, draw, name};

/// How a site is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Technology {
    /// Fibre.
    Fibre,
    /// Microwave link.
    Microwave,
    /// 4G.
    Mobile,
    /// Geostationary satellite.
    Satellite,
}

/// The invented agreement that judges a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Contract {
    /// Health, operator A: every target must answer, silence counts as down.
    HealthA,
    /// Health, operator C: the same with a lower promise.
    HealthC,
    /// Courts and police, operator B: the same with a high promise.
    JusticeB,
    /// Administration, operator A: the line alone.
    StateA,
    /// Schools, operator B: the line alone, in school hours.
    SchoolsB,
    /// Remote sites by satellite, operator C: the line alone.
    SatelliteC,
    /// None.
    Without,
}

/// What decides a slot of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// Any target, silence is unknown: what a site without an agreement gets.
    AnyTarget,
    /// Any of the two anchors, silence is unknown.
    Line,
    /// Every target, and silence counts as down.
    Service,
}

/// What the wall clock of a site's box says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WallClock {
    /// The time.
    Right,
    /// 1970: it has no battery.
    Epoch,
    /// A week ago.
    WeekBehind,
}

/// A site of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its number in the fleet, from 0.
    pub number: u32,
    /// Its identifier.
    pub id: String,
    /// Its region.
    pub region: String,
    /// Its town.
    pub place: String,
    /// Who provides its line.
    pub operator: String,
    /// Technology of its line.
    pub technology: Technology,
    /// What judges it.
    pub contract: Contract,
    /// Its box reports over a SIM of its own while the line is cut.
    pub reports_over_sim: bool,
    /// What the wall clock of its box says.
    pub wall_clock: WallClock,
}

impl Contract {
    /// The agreement of a site of this kind, operator and technology.
    #[must_use]
    pub fn of(kind: &str, operator: &str, technology: Technology) -> Self {
        let by = operator.chars().last().unwrap_or(' ');
        match (kind, by, technology) {
            ("hospital" | "health_centre", 'A', _) => Self::HealthA,
            ("hospital" | "health_centre", 'C', _) => Self::HealthC,
            ("court" | "police", 'B', _) => Self::JusticeB,
            ("ministry" | "town_hall" | "civil_registry", 'A', _) => Self::StateA,
            ("school", 'B', _) => Self::SchoolsB,
            (_, 'C', Technology::Satellite) => Self::SatelliteC,
            _ => Self::Without,
        }
    }

    /// What decides a slot under it.
    #[must_use]
    pub fn terms(self) -> Terms {
        match self {
            Self::HealthA | Self::HealthC | Self::JusticeB => Terms::Service,
            Self::StateA | Self::SchoolsB | Self::SatelliteC => Terms::Line,
            Self::Without => Terms::AnyTarget,
        }
    }
}

/// The technology of a line: fibre in the two large towns, satellites in the north.
#[must_use]
pub fn technology(seed: u64, id: &str, region: &str) -> Technology {
    let hundred = below(draw(seed, &[name(id), 1]), 100);
    let (fibre, microwave, mobile) = match region {
        "Brazzaville" | "Pointe-Noire" => (60, 80, 98),
        "Likouala" | "Sangha" => (5, 15, 40),
        _ => (20, 45, 80),
    };
    match hundred {
        n if n < fibre => Technology::Fibre,
        n if n < microwave => Technology::Microwave,
        n if n < mobile => Technology::Mobile,
        _ => Technology::Satellite,
    }
}

impl Site {
    /// A number drawn for this site.
    #[must_use]
    pub fn draw(&self, seed: u64, what: &[u64]) -> u64 {
        draw(draw(seed, &[u64::from(self.number)]), what)
    }

    /// Where in a minute it begins to measure, milliseconds: agents spread over seconds 10 to 30.
    #[must_use]
    pub fn phase_ms(&self, seed: u64) -> i64 {
        10_000 + i64::try_from(below(self.draw(seed, &[2]), 20_000)).unwrap_or(0)
    }

    /// Sites of one electrical feeder share its name.
    #[must_use]
    pub fn feeder(&self) -> (&str, u32) {
        (&self.place, self.number % 6)
    }
}
