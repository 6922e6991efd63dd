//! A scenario file, and the file of costs that it names.

use desserte_planning::cost::CostParameters;
use desserte_planning::scenario::Scenario;

use super::ImportError;

/// A scenario written in TOML; a misspelt key is an error.
pub fn scenario_from_toml(file: &str, text: &str) -> Result<Scenario, ImportError> {
    toml::from_str(text).map_err(|error| ImportError::Scenario {
        file: file.to_owned(),
        detail: error.to_string(),
    })
}

/// What things cost, written in TOML; a misspelt key and every figure out of bounds are errors.
pub fn costs_from_toml(file: &str, text: &str) -> Result<CostParameters, ImportError> {
    let failed = |detail: String| ImportError::Scenario {
        file: file.to_owned(),
        detail,
    };
    let costs: CostParameters = toml::from_str(text).map_err(|error| failed(error.to_string()))?;
    let problems: Vec<String> = costs.problems().iter().map(ToString::to_string).collect();
    if problems.is_empty() {
        Ok(costs)
    } else {
        Err(failed(problems.join("; ")))
    }
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
        assert_eq!((scenario.phases.len(), scenario.cover.len()), (2, 1));
        for key in [
            "costs",
            "benefit",
            "frontier_steps",
            "capex_minor",
            "yearly_minor",
            "slots_min",
            "power_share_percent",
            "chronic_basis_points",
            "rate_percent",
            "rate_measurements_min",
            "adequate_basis_points",
            "reason",
            "author",
            "quotas",
            "radius_metres",
            "points",
            "realised_capex_minor",
            "name",
            "month",
            "time_zone",
            "prefer",
            "full_scale",
            "weight",
        ] {
            assert!(
                text.contains(&format!("{key} = ")) || text.contains(&format!("[[{key}]]")),
                "the sample lacks {key}"
            );
        }
        // What is commented out there can be uncommented.
        let mut inside = false;
        let uncommented = text.lines().map(|line| {
            inside = line.starts_with("# [[") || (inside && line.starts_with("# "));
            if inside { &line[2..] } else { line }
        });
        let uncommented: Vec<&str> = uncommented.collect();
        let all = scenario_from_toml("scenario.toml", &uncommented.join("\n")).unwrap();
        assert_eq!(
            (all.overrides.len(), all.quotas.len(), all.delivered.len()),
            (1, 1, 1)
        );
        all.check().unwrap();
        let layers = desserte_planning::layer::Layers::default();
        assert!(desserte_planning::plan::plan(Vec::new(), &layers, scenario).is_ok());
    }

    #[test]
    fn the_sample_costs_are_without_a_fault_and_show_every_key() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/examples");
        for name in [
            "costs.toml",
            "costs-compat-itu.toml",
            "costs-compat-giga.toml",
        ] {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            let costs = costs_from_toml(name, &text).unwrap();
            let all = [
                costs.fibre.is_some(),
                costs.microwave.is_some(),
                costs.mobile.is_some(),
                costs.satellite.is_some(),
            ];
            assert!(all.iter().all(|is| *is), "{name}");
        }
        let text = std::fs::read_to_string(folder.join("costs.toml")).unwrap();
        let costs = costs_from_toml("costs.toml", &text).unwrap();
        let shown = serde_json::to_value(&costs).unwrap();
        let mut open = vec![&shown];
        while let Some(value) = open.pop() {
            for (key, value) in value.as_object().into_iter().flatten() {
                let written = text.contains(&format!("{key} = "))
                    || text.contains(&format!("{key}]"))
                    || text.contains(&format!("[{key}."));
                assert!(written, "the sample lacks {key}");
                open.push(value);
            }
        }
    }

    #[test]
    fn costs_that_make_no_sense_are_named_one_by_one() {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/examples/costs.toml");
        let text = std::fs::read_to_string(path).unwrap();
        let wrong = text
            .replace("years = 15", "years = 0")
            .replace("watts = 25", "watts = 999999");
        let error = costs_from_toml("c.toml", &wrong).unwrap_err().to_string();
        for part in ["c.toml", "years: 0", "fibre.site.watts"] {
            assert!(error.contains(part), "{error}");
        }
        let misspelt = text.replace("salvage_percent", "salvage_procent");
        let error = costs_from_toml("c.toml", &misspelt)
            .unwrap_err()
            .to_string();
        assert!(error.contains("salvage_procent"), "{error}");
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
