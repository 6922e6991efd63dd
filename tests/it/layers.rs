//! Layers of every format through the command line, gaps with known answers, and what is written or
//! served read by other programs: GDAL, `libcoveofds`, the GeoPackage validator of PDOK, `owslib`.

mod fixtures;

use std::path::{Path, PathBuf};
use std::process::Command;

use desserte_planning::Position;
use desserte_planning::geodesy::metres_between;
use serde_json::Value;

use crate::processes::{Collector, desserte, get};

/// A data folder with the invented country in it.
struct Country {
    folder: tempfile::TempDir,
    report: String,
}

impl Country {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fixtures::write_country(folder.path());
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let data = at("data");
        desserte(&[
            "import",
            "sites",
            &at("sites.csv"),
            "--data",
            &data,
            "--apply",
        ]);
        let manifest = at("layers.toml");
        let import = ["import", "layers", &manifest, "--data", &data, "--apply"];
        let report = desserte(&[&import[..], &["--language", "en"]].concat());
        Self { folder, report }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn gaps(&self, more: &[&str]) -> String {
        let data = self.path("data");
        desserte(&[&["gaps", "--data", &data, "--language", "en"], more].concat())
    }
}

fn at(latitude: f64, longitude: f64) -> Position {
    Position::new(latitude, longitude).unwrap()
}

/// Within a thousandth of the geodesic between two positions.
fn near(metres: &Value, from: Position, to: Position) {
    let (metres, expected) = (metres.as_f64().unwrap(), metres_between(from, to));
    assert!(
        (metres - expected).abs() <= expected * 0.001,
        "{metres} {expected}"
    );
}

#[test]
fn every_format_is_read_and_the_gaps_are_the_known_ones() {
    let country = Country::new();
    for line in [
        "Dorsale: 1 rows read, 1 features, 0 left out, 0 refused",
        "Réseau OFDS: 3 rows read, 1 features, 1 left out, 1 refused",
        "Nœuds OFDS: 3 rows read, 1 features, 2 left out, 0 refused",
        "4G de A: 1 rows read, 1 features, 0 left out, 0 refused",
        "Cellules: 4 rows read, 2 features, 0 left out, 2 refused",
        "Routes: 2 rows read, 2 features, 0 left out, 0 refused",
        "Relief: 2 rows read, 2 features, 0 left out, 0 refused",
        "Postes: 2 rows read, 1 features, 1 left out, 0 refused",
        "write 2G, 3G, 4G or 5G",
        "radius from 1 to 120,000",
    ] {
        assert!(country.report.contains(line), "{line}\n{}", country.report);
    }
    let report: Value = serde_json::from_str(&country.gaps(&["--format", "json"])).unwrap();
    let (a, b) = (&report["sites"][0], &report["sites"][1]);
    let here = at(-4.0, 15.0);
    let known = |what: &str| &a["gap"][what]["known"];
    near(&known("fibre_line")["metres"], here, at(-4.0, 15.05));
    near(&known("fibre_node")["metres"], here, at(-4.0, 15.05));
    assert_eq!(known("fibre_node")["name"], "POP");
    near(&known("road")["metres"], here, at(-4.02, 15.0));
    assert_eq!(known("road")["name"], "RN 1");
    near(&known("power_node")["metres"], here, at(-4.03, 15.0));
    assert_eq!(a["gap"]["mast"]["unknown"]["reason"], "layer_absent");
    assert_eq!(a["gap"]["coverage"]["known"][0]["operator"], "A");
    assert_eq!(a["gap"]["coverage"]["known"][0]["generation"], "4g");
    assert_eq!(b["gap"]["coverage"]["known"][0]["generation"], "3g");
    assert_eq!((&a["area"], &b["area"]), (&"Ouest".into(), &"Est".into()));
    let east = &report["areas"]["rows"][0];
    assert_eq!(
        (&east["area"], &east["population"]),
        (&"Est".into(), &570.into())
    );
    assert_eq!(east["population_covered"], 500);
    assert_eq!(east["population_beyond_reach"], 70);
    assert_eq!(east["places_without_population"], 1);
    assert_eq!(east["population_near_mast"], Value::Null);
}

#[test]
fn gaps_are_written_for_people_and_wrong_questions_refused() {
    let country = Country::new();
    let csv = country.gaps(&["--format", "csv"]);
    let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    assert!(
        head.contains(&"road at (m)") && head.contains(&"newest generation"),
        "{head:?}"
    );
    let areas = country.gaps(&["--areas", "--reach-metres", "1", "--generation", "5G"]);
    assert!(
        areas.lines().any(|line| line.starts_with("Est,1,")),
        "{areas}"
    );
    let data = country.path("data");
    for (more, said) in [
        (["--regions", "x"], "there are: Régions"),
        (["--generation", "6G"], "expected 2G, 3G, 4G or 5G"),
        (["--reach-metres", "-1"], "from 0 to"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_desserte"))
            .args(["--language", "en", "gaps", "--data", &data])
            .arg(format!("{}={}", more[0], more[1]))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
}

/// Runs a program; what it printed.
fn run(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!(
            "{} (tests/setup.sh maps installs it): {error}",
            program.display()
        )
    });
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(
        output.status.success(),
        "{} {arguments:?}: {said}",
        program.display()
    );
    said
}

fn gdal(arguments: &[&str]) -> String {
    run(Path::new("ogrinfo"), arguments)
}

/// The Python packages that check what we write, where they could be installed.
fn checks() -> Option<PathBuf> {
    let cache = std::env::var_os("DESSERTE_CACHE")?;
    let folder = PathBuf::from(cache).join("map-checks/bin");
    folder.join("python").exists().then_some(folder)
}

#[test]
fn geopackage_and_kml_open_in_gdal() {
    let country = Country::new();
    for (format, file) in [("geopackage", "gaps.gpkg"), ("kml", "gaps.kml")] {
        let out = country.path(file);
        country.gaps(&["--format", format, "--output", &out]);
        let all = gdal(&["-al", "-so", "-ro", &out]);
        assert!(all.matches("Feature Count: 2").count() >= 2, "{all}");
        assert!(!all.contains("Warning"), "{all}");
    }
    let package = country.path("gaps.gpkg");
    let site = gdal(&["-ro", &package, "gaps", "-where", "site = 'A'"]);
    assert!(site.contains("POINT (15 -4)"), "{site}");
    assert!(site.contains("newest_generation (String) = 4g"), "{site}");
    assert!(site.contains("mast_metres (Real) = (null)"), "{site}");
    assert!(site.contains("invented (Integer(Boolean)) = 1"), "{site}");
    let Some(checks) = checks() else {
        println!("skipped: the GeoPackage validator is not in DESSERTE_CACHE/map-checks");
        return;
    };
    let validator = checks.join("geopackage-validator");
    // Every rule of the validator, those of its own house included.
    let said = run(&validator, &["validate", "--gpkg-path", &package]);
    let said: Value = serde_json::from_str(said.get(said.find('{').unwrap()..).unwrap()).unwrap();
    let results = said["results"].as_array().unwrap();
    assert!(results.is_empty(), "{results:?}");
}

#[test]
fn map_programs_read_the_collector_live() {
    let country = Country::new();
    let collector = Collector::start(&country.folder.path().join("data"));
    let root = format!("{}/ogc", collector.web);
    let source = format!("OAPIF:{root}");
    let listed = gdal(&["-ro", &source]);
    for collection in ["sites", "outages", "gaps", "plans"] {
        assert!(listed.contains(&format!(": {collection}")), "{listed}");
    }
    let sites = gdal(&["-ro", &source, "sites"]);
    assert!(
        sites.contains("Feature Count: 2") && sites.contains("POINT (15 -4)"),
        "{sites}"
    );
    assert!(sites.contains("invented (Integer(Boolean)) = 1"), "{sites}");
    let east = ["-ro", &source, "gaps", "-spat", "15.3", "-5", "16", "-4"];
    let east = gdal(&east);
    assert!(
        east.contains("site (String) = B") && !east.contains("site (String) = A"),
        "{east}"
    );

    // Two pages of one, followed by their links.
    let first = get(&collector.web, "/ogc/collections/plans/items?limit=1");
    assert_eq!(first["numberReturned"], 1);
    let links = first["links"].as_array().unwrap();
    let next = links.iter().find(|link| link["rel"] == "next").unwrap();
    let next = next["href"]
        .as_str()
        .unwrap()
        .strip_prefix(&collector.web)
        .unwrap();
    let second = get(&collector.web, next);
    assert_eq!(second["features"][0]["properties"]["rank"], 2);
    assert!(
        !second["links"]
            .as_array()
            .unwrap()
            .iter()
            .any(|link| link["rel"] == "next")
    );

    let regions = get(&collector.web, "/api/v1/country/regions.geojson");
    assert_eq!(regions["features"][0]["properties"]["name"], "Ouest");
    let layers = get(&collector.web, "/api/v1/country");
    let layers = layers["layers"].as_array().unwrap();
    let cells = layers
        .iter()
        .find(|layer| layer["name"] == "Cellules")
        .unwrap();
    assert_eq!(cells["refused"]["generation_unknown"], 1);
    assert_eq!(cells["uncertainty_class"], "metres");

    let Some(checks) = checks() else {
        println!("skipped: owslib is not in DESSERTE_CACHE/map-checks");
        return;
    };
    let program = "import sys\nfrom owslib.ogcapi.features import Features\n\
        w = Features(sys.argv[1])\nprint(sorted(w.feature_collections()))\n\
        print(w.collection_items('sites', limit=1, bbox=[15.3, -5, 16, -4])['features'][0]['id'])\n\
        print(len(w.conformance()['conformsTo']), w.api()['openapi'])";
    let said = run(&checks.join("python"), &["-c", program, &root]);
    assert!(
        said.contains("['gaps', 'outages', 'plans', 'sites']\nB\n3 3.0.3"),
        "{said}"
    );
}

/// Schools half a kilometre north of a line of fibre: near enough for fibre to be worth its price.
fn planned_routes(folder: &Path) -> String {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let rows =
        (0..10).map(|number| format!("V-{number},É & {number},school,0.005,11.00{number},true\n"));
    let rows: String = rows.collect();
    put(
        "s.csv",
        &format!("id,name,kind,latitude,longitude,invented\n{rows}"),
    );
    put(
        "f.csv.geojson",
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},
        "geometry":{"type":"LineString","coordinates":[[9.0,0.0],[12.0,0.0]]}}]}"#,
    );
    put(
        "l.toml",
        "[[layer]]\nkind = 'fibre_lines'\nname = 'line'\nfile = 'f.csv.geojson'\nsource = 'invented'\n\
        licence = 'none'\ndate = '2026'\nuncertainty = 'invented'\n",
    );
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/examples/costs.toml");
    std::fs::copy(example, folder.join("costs.toml")).unwrap();
    put(
        "plan.toml",
        "name = 'Plan d\u{2019}essai'\ncosts = 'costs.toml'\n[[phases]]\nname = '2027'\n\
        capex_minor = 2000000000000\n[ranking.criteria.fibre_distance]\nweight = 1\n",
    );
    let data = path("plan-data");
    desserte(&[
        "import",
        "sites",
        &path("s.csv"),
        "--data",
        &data,
        "--apply",
    ]);
    desserte(&[
        "import",
        "layers",
        &path("l.toml"),
        "--data",
        &data,
        "--apply",
    ]);
    data
}

#[test]
fn planned_routes_leave_as_a_network_a_package_and_a_brief() {
    let folder = tempfile::tempdir().unwrap();
    let data = planned_routes(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let scenario = path("plan.toml");
    let written = |format: &str, name: &str| {
        let out = path(name);
        let plan = [
            "plan",
            "--data",
            &data,
            "--scenario",
            &scenario,
            "--format",
            format,
        ];
        desserte(&[&plan[..], &["--output", &out, "--language", "en"]].concat());
        out
    };
    let ofds = written("ofds", "network.json");
    let document: Value = serde_json::from_slice(&std::fs::read(&ofds).unwrap()).unwrap();
    let spans = document["networks"][0]["spans"].as_array().unwrap();
    assert!(
        spans.iter().any(|span| span["phase"]["name"] == "2027"),
        "{document}"
    );
    // What was written is a layer that can be read.
    std::fs::write(
        path("back.toml"),
        "[[layer]]\nkind = 'fibre_lines'\nname = 'planned'\nfile = 'network.json'\nsource = 's'\n\
         licence = 'l'\ndate = '2026'\nuncertainty = 'u'\n",
    )
    .unwrap();
    let back = desserte(&[
        "import",
        "layers",
        &path("back.toml"),
        "--data",
        &data,
        "--language",
        "en",
    ]);
    assert!(
        back.contains(&format!("{} features", spans.len())) && back.contains("0 refused"),
        "{back}"
    );
    let package = written("geopackage", "plan.gpkg");
    let all = gdal(&["-al", "-so", "-ro", &package]);
    assert!(
        all.contains("Layer name: routes") && all.contains("Multi Line String"),
        "{all}"
    );
    assert!(gdal(&["-ro", &package, "phases"]).contains("name (String) = 2027"));
    let kml = written("kml", "plan.kml");
    assert!(gdal(&["-al", "-ro", &kml]).contains("LINESTRING"));
    let brief = std::fs::read_to_string(written("brief", "plan.html")).unwrap();
    assert!(
        brief.contains("<html lang=\"en\">") && brief.contains("É &amp; 0"),
        "{brief}"
    );
    assert!(brief.contains("Invented sites"), "{brief}");
    conforms_to_ofds(&ofds);
}

/// Nothing to object to, by the checks of the Open Fibre Data Standard's own library.
fn conforms_to_ofds(ofds: &str) {
    let Some(checks) = checks() else {
        println!("skipped: libcoveofds is not in DESSERTE_CACHE/map-checks");
        return;
    };
    let tool = checks.join("libcoveofds");
    for check in ["jsonschemavalidate", "pythonvalidate", "additionalfields"] {
        let said = run(&tool, &[check, ofds]);
        let found: Value = serde_json::from_str(&said).unwrap();
        let none = found.as_array().is_some_and(Vec::is_empty)
            || found.as_object().is_some_and(serde_json::Map::is_empty)
            || found["additional_fields"]
                .as_object()
                .is_some_and(serde_json::Map::is_empty);
        assert!(none, "{check}: {said}");
    }
}
