//! Targets of every kind, anchors, the search for portals, metered lines and neighbours, as the
//! registry keeps them and agents get them.

use desserte::registry::{
    Anchor, CaptiveQuestions, Decision, NewSite, Registry, RegistryError, SiteTarget,
    TargetDefinition,
};
use desserte_probe::wire::{
    id::AgentId,
    schedule::{ABSENT_NAME, Measure, Profile, Schedule},
};

fn decision() -> Decision<'static> {
    Decision {
        author: "Awa",
        at_unix_ms: 5_000,
        reason: "for a test",
    }
}

fn site(id: &str, latitude: f64, longitude: f64) -> NewSite {
    NewSite {
        id: id.into(),
        kind: "school".into(),
        latitude,
        longitude,
        ..NewSite::default()
    }
}

fn enrolled(registry: &Registry, site: &str, number: u8) -> AgentId {
    let secret = [number; 16];
    registry.keep_code(&secret, site, "test", 1_000).unwrap();
    let redeemed = registry.redeem_code(&secret, &[number; 32], "test 1", 2_000);
    redeemed.unwrap().agent.id
}

/// A registry with one site, and its agent.
fn measured() -> (Registry, AgentId) {
    let registry = Registry::in_memory().unwrap();
    let sites = [site("djambala", -2.5, 14.75)];
    registry.upsert_sites(&sites, "import", 1_000).unwrap();
    let agent = enrolled(&registry, "djambala", 1);
    (registry, agent)
}

const EVERY_KIND: &str = r#"
[[target]]
id = "ping"
measure = { icmp = { host = "192.0.2.1", packets = 5, payload_bytes = 0, timeout_ms = 1000 } }
anchor = "national"
[[target]]
id = "page"
measure = { http = { url = "https://portail.example/", status_from = 200, status_to = 399, timeout_ms = 5000, body_bytes_max = 4096 } }
anchor = "international"
[[target]]
id = "name"
measure = { dns = { name = "portail.example", record = "aaaa", resolver = "system", timeout_ms = 3000 } }
[[target]]
id = "port"
measure = { tcp = { host = "2001:db8::7", port = 443, timeout_ms = 3000 } }
[[target]]
id = "rate"
measure = { throughput = { server = "collector", download = true, upload = true, seconds_max = 10, bytes_max = 2000000 } }
[[target]]
id = "way"
measure = { path = { host = "192.0.2.1", hops_max = 20, timeout_ms = 1000 } }
"#;

#[derive(serde::Deserialize)]
struct Targets {
    target: Vec<TargetDefinition>,
}

fn every_kind() -> Vec<TargetDefinition> {
    toml::from_str::<Targets>(EVERY_KIND).unwrap().target
}

fn measure_all(registry: &Registry, slot_seconds: u32) -> Result<(), RegistryError> {
    let wanted: Vec<SiteTarget> = every_kind()
        .into_iter()
        .map(|one| SiteTarget {
            target: one.id,
            slot_seconds,
        })
        .collect();
    registry.set_site_targets("djambala", &wanted, decision())
}

fn schedule(registry: &Registry, agent: AgentId) -> Schedule {
    registry.schedule(agent).unwrap().unwrap()
}

#[test]
fn every_kind_reaches_the_agent_as_it_was_written() {
    let (registry, agent) = measured();
    for target in every_kind() {
        registry.put_target(&target, decision()).unwrap();
    }
    let mut stored = registry.targets().unwrap();
    let mut written = every_kind();
    stored.sort_by(|a, b| a.id.cmp(&b.id));
    written.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(stored, written);
    measure_all(&registry, 900).unwrap();
    let schedule = schedule(&registry, agent);
    let told: Vec<(&str, String)> = schedule
        .targets
        .iter()
        .map(|one| (one.id.as_str(), one.measure.address()))
        .collect();
    let expected = [
        ("name", "portail.example @system"),
        ("page", "https://portail.example/"),
        ("ping", "192.0.2.1"),
        ("port", "[2001:db8::7]:443"),
        ("rate", "collector"),
        ("way", "192.0.2.1"),
    ];
    assert_eq!(told, expected.map(|(id, address)| (id, address.to_owned())));
    let text = serde_json::to_string(&schedule).unwrap();
    assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
}

#[test]
fn anchors_are_kept_changed_and_taken_back() {
    let (registry, _) = measured();
    for target in every_kind() {
        registry.put_target(&target, decision()).unwrap();
    }
    let anchors = registry.anchors().unwrap();
    assert_eq!(anchors.len(), 2);
    assert_eq!(anchors["ping"], Anchor::National);
    assert_eq!(anchors["page"], Anchor::International);
    let mut ping = registry.target("ping").unwrap().unwrap();
    ping.anchor = None;
    registry.put_target(&ping, decision()).unwrap();
    assert!(!registry.anchors().unwrap().contains_key("ping"));
    let wrong = EVERY_KIND.replace("\"national\"", "\"local\"");
    let error = toml::from_str::<Targets>(&wrong).err().unwrap().to_string();
    assert!(
        error.contains("local") && error.contains("international"),
        "{error}"
    );
}

#[test]
fn slots_too_short_for_a_kind_are_refused_by_target() {
    let (registry, _) = measured();
    for target in every_kind() {
        registry.put_target(&target, decision()).unwrap();
    }
    let error = measure_all(&registry, 60).unwrap_err().to_string();
    assert!(
        error.contains("rate") && error.contains("slot_seconds"),
        "{error}"
    );
    assert!(
        registry.site_targets("djambala").unwrap().is_empty(),
        "nothing half written"
    );
}

#[test]
fn portals_are_looked_for_by_a_reserved_name_until_somebody_decides() {
    let (registry, agent) = measured();
    assert_eq!(
        schedule(&registry, agent).captive,
        None,
        "only where the line is probed"
    );
    registry
        .set_agent_profile(agent, (Profile::Full, true), decision())
        .unwrap();
    let asked = schedule(&registry, agent).captive.unwrap();
    assert_eq!(
        (asked.empty_page, asked.absent_name.as_deref()),
        (None, Some(ABSENT_NAME))
    );
    let revision = schedule(&registry, agent).revision;
    let wanted = CaptiveQuestions {
        empty_page: Some("http://collecteur.example/".into()),
        absent_name: None,
    };
    registry.set_captive_questions(&wanted, decision()).unwrap();
    assert_eq!(registry.captive_questions().unwrap(), wanted);
    let told = schedule(&registry, agent);
    assert!(told.revision > revision);
    assert_eq!(told.captive.unwrap().empty_page, wanted.empty_page);
    let nothing = CaptiveQuestions {
        empty_page: None,
        absent_name: None,
    };
    registry
        .set_captive_questions(&nothing, decision())
        .unwrap();
    assert_eq!(schedule(&registry, agent).captive, None);
    for (page, name) in [
        (Some("https://collecteur.example/"), None),
        (Some("collecteur.example"), None),
        (None, Some("not a name")),
    ] {
        let wrong = CaptiveQuestions {
            empty_page: page.map(str::to_owned),
            absent_name: name.map(str::to_owned),
        };
        assert!(
            registry.set_captive_questions(&wrong, decision()).is_err(),
            "{wrong:?}"
        );
    }
}

fn agreement(slot_seconds: u32) -> String {
    format!(
        "id = \"lot-1\"\nversion = 1\ntitle = \"Lot 1\"\nvalid_from = \"2020-01-01\"\n\
         time_zone = \"Africa/Brazzaville\"\nsites = [\"djambala\"]\n\
         parties = {{ customer = \"M\", contractor = \"O\" }}\n\
         objective = {{ availability_percent = \"99.5\" }}\n\
         [test]\ntargets = [\"ping\"]\nslot_seconds = {slot_seconds}\n"
    )
}

#[test]
fn a_metered_line_uploads_by_the_hour_and_must_fill_its_agreements_slots() {
    let (registry, agent) = measured();
    registry.put_target(&every_kind()[0], decision()).unwrap();
    registry.put_agreement(&agreement(60), decision()).unwrap();
    let metered = || registry.set_agent_profile(agent, (Profile::Metered, true), decision());
    let error = metered().unwrap_err();
    assert!(
        error.to_string().contains("too short for a metered line"),
        "{error}"
    );
    assert_eq!(schedule(&registry, agent).profile, Profile::Full);

    let (registry, agent) = measured();
    registry.put_target(&every_kind()[0], decision()).unwrap();
    registry.put_agreement(&agreement(300), decision()).unwrap();
    registry
        .set_agent_profile(agent, (Profile::Metered, true), decision())
        .unwrap();
    let told = schedule(&registry, agent);
    assert_eq!(
        (told.profile, told.upload_seconds),
        (Profile::Metered, 3_600)
    );
    let [ping] = told.targets.as_slice() else {
        panic!("{told:?}")
    };
    assert!(matches!(ping.measure, Measure::Icmp { packets: 5, .. }));
}

#[test]
fn neighbours_are_the_nearest_open_sites_that_have_an_agent() {
    let registry = Registry::in_memory().unwrap();
    let sites = [
        site("here", -4.25, 15.25),
        site("one-kilometre", -4.25, 15.259),
        site("two-kilometres", -4.268, 15.25),
        site("ten-kilometres", -4.34, 15.25),
        site("without-agent", -4.25, 15.251),
    ];
    registry.upsert_sites(&sites, "import", 1_000).unwrap();
    for (number, one) in (1..).zip(["here", "two-kilometres", "one-kilometre", "ten-kilometres"]) {
        enrolled(&registry, one, number);
    }
    let near = |metres, most| registry.neighbours("here", metres, most).unwrap();
    assert_eq!(near(5_000.0, 16), ["one-kilometre", "two-kilometres"]);
    assert_eq!(near(5_000.0, 1), ["one-kilometre"]);
    assert_eq!(near(50_000.0, 16).len(), 3);
    assert!(
        registry
            .neighbours("nowhere", 5_000.0, 16)
            .unwrap()
            .is_empty()
    );
}
