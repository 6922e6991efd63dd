//! A scenario file.

use desserte_planning::scenario::Scenario;

use super::ImportError;

/// A scenario written in TOML; a misspelt key is an error.
pub fn scenario_from_toml(file: &str, text: &str) -> Result<Scenario, ImportError> {
    toml::from_str(text).map_err(|error| ImportError::Scenario {
        file: file.to_owned(),
        detail: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use desserte_planning::ranking::Criterion;

    use super::*;

    #[test]
    fn the_sample_scenario_shows_every_criterion() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path.join("demo/examples/scenario.toml")).unwrap();
        let scenario = scenario_from_toml("scenario.toml", &text).unwrap();
        for criterion in Criterion::ALL {
            assert!(
                scenario.ranking.criteria.contains_key(&criterion),
                "{}",
                criterion.code()
            );
        }
        for key in [
            "name",
            "month",
            "time_zone",
            "prefer",
            "full_scale",
            "weight",
        ] {
            assert!(
                text.contains(&format!("{key} = ")),
                "the sample lacks {key}"
            );
        }
        let layers = desserte_planning::layer::Layers::default();
        assert!(desserte_planning::plan::plan(Vec::new(), &layers, scenario).is_ok());
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let text = "name = \"x\"\n[ranking.criteria]\nfibre_distanse = { weight = 1 }";
        let error = scenario_from_toml("s.toml", text).unwrap_err().to_string();
        assert!(
            error.contains("s.toml") && error.contains("fibre_distanse"),
            "{error}"
        );
    }
}
