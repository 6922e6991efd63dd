//! Identities of an agent and of a boot: 16 bytes, in text the 8-4-4-4-12 form of RFC 9562.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::WireError;

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                for (index, byte) in self.0.iter().enumerate() {
                    if matches!(index, 4 | 6 | 8 | 10) {
                        f.write_str("-")?;
                    }
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
        }

        impl std::str::FromStr for $name {
            type Err = WireError;

            fn from_str(text: &str) -> Result<Self, WireError> {
                let refused = WireError::Identifier { field: $field };
                let text = text.trim();
                let hyphens_in_place = text.len() == 36
                    && text.bytes().enumerate().all(|(i, b)| {
                        (b == b'-') == matches!(i, 8 | 13 | 18 | 23)
                    });
                if !hyphens_in_place {
                    return Err(refused);
                }
                super::parse_hex($field, &text.replace('-', "")).map(Self).map_err(|_| refused)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    Ok(Self(<[u8; 16]>::deserialize(deserializer)?))
                }
            }
        }
    };
}

identity!(
    /// An agent, named by the collector at enrolment.
    AgentId,
    "agent"
);
identity!(
    /// One boot of the agent's machine (`/proc/sys/kernel/random/boot_id` on Linux). Within it
    /// `CLOCK_BOOTTIME` never steps.
    BootId,
    "boot"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_refuses_other_shapes() {
        let text = "0190f3c2-7b1e-4c5d-9e8f-a0b1c2d3e4f5";
        let id: AgentId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        for wrong in [
            "",
            "0190f3c27b1e4c5d9e8fa0b1c2d3e4f5",
            "0190f3c2-7b1e-4c5d-9e8f-a0b1c2d3e4g5",
        ] {
            assert!(wrong.parse::<AgentId>().is_err(), "{wrong}");
        }
    }
}
