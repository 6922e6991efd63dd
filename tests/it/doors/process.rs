//! The collector as a process: the first administrator, addresses, TLS, and what its log says at its
//! most talkative.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::processes::{Served, desserte};

const PASSWORD: &str = "canari-du-mot-de-passe";

/// A request over plain HTTP; status, head and body.
fn http(web: &str, request: &str, headers: &str, body: &str) -> (u16, String, String) {
    let host = web.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(std::time::Duration::from_secs(30)))
        .unwrap();
    write!(
        stream,
        "{request} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

fn add_administrator(data: &Path) -> String {
    let folder = data.to_str().unwrap();
    let made = desserte(&[
        "users",
        "add",
        "amina",
        "--name",
        "Amina Ngoma",
        "--role",
        "administrator",
        "--data",
        folder,
    ]);
    let made: Value = serde_json::from_str(&made).unwrap();
    made["link"].as_str().unwrap().to_owned()
}

#[test]
fn the_first_administrator_shuts_the_door_and_no_secret_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &["-v", "-v"], &[]);
    let (status, ..) = http(&served.web, "GET /api/v1/sites", "", "");
    assert_eq!(
        status, 200,
        "without accounts whoever is on the machine is let in"
    );
    let link = add_administrator(folder.path());
    assert!(link.starts_with(&served.web), "{link}");
    let (status, ..) = http(&served.web, "GET /api/v1/sites", "", "");
    assert_eq!(status, 401, "from the next request on");
    let secret = link.rsplit_once('/').unwrap().1.to_owned();
    let accept = json!({"secret": secret, "password": PASSWORD}).to_string();
    let (status, _, body) = http(&served.web, "POST /api/v1/invitations/accept", "", &accept);
    assert_eq!(status, 204, "{body}");
    let wrong = json!({"person": "amina", "password": "canari-faux"}).to_string();
    assert_eq!(http(&served.web, "POST /api/v1/session", "", &wrong).0, 401);
    // A body that cannot be read is not repeated.
    let broken = r#"{"person":"amina","password":"canari-rompu""#;
    let (status, _, body) = http(&served.web, "POST /api/v1/session", "", broken);
    assert!(status == 400 && !body.contains("canari"), "{body}");
    let right = json!({"person": "amina", "password": PASSWORD}).to_string();
    let (status, head, body) = http(&served.web, "POST /api/v1/session", "", &right);
    assert_eq!(status, 200, "{body}");
    let cookies: Vec<&str> = head
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: "))
        .filter_map(|cookie| cookie.split(';').next())
        .collect();
    let csrf: Value = serde_json::from_str(&body).unwrap();
    let csrf = csrf["csrf"].as_str().unwrap();
    let session = format!(
        "Cookie: {}\r\nx-desserte-csrf: {csrf}\r\n",
        cookies.join("; ")
    );
    let token = json!({"name": "Grafana", "role": "auditor", "days": 1}).to_string();
    let (status, _, body) = http(&served.web, "POST /api/v1/tokens", &session, &token);
    assert_eq!(status, 201, "{body}");
    let made: Value = serde_json::from_str(&body).unwrap();
    let token = made["secret"].as_str().unwrap();
    let bearer = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(http(&served.web, "GET /api/v1/sites", &bearer, "").0, 200);
    let begin = json!({"password": PASSWORD}).to_string();
    let (_, _, body) = http(&served.web, "POST /api/v1/session/totp", &session, &begin);
    let factor: Value = serde_json::from_str(&body).unwrap();
    let log = served.stop();
    assert!(log.contains("TRACE"), "the log is at its most talkative");
    let mut secrets = vec![
        "canari",
        &secret,
        token,
        csrf,
        factor["secret"].as_str().unwrap(),
    ];
    secrets.extend(cookies.iter().filter_map(|cookie| cookie.split('=').nth(1)));
    for secret in secrets {
        assert!(secret.len() > 5, "{secret:?}");
        let at = log
            .find(secret)
            .map(|at| &log[at.saturating_sub(200)..(at + 100).min(log.len())]);
        assert_eq!(at, None, "a secret is in the log");
    }
}

#[test]
fn beyond_loopback_it_needs_accounts_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "").unwrap();
    let refused = |expected: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_desserte"))
            .args([
                "--language",
                "en",
                "serve",
                "--agents",
                "127.0.0.1:0",
                "--web",
                "0.0.0.0:0",
                "--data",
            ])
            .args([data.as_os_str(), "--config".as_ref(), config.as_os_str()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    };
    refused("users add");
    let registry = data.join("registry.sqlite");
    assert!(!registry.exists(), "a refusal leaves nothing behind");
    add_administrator(&data);
    refused("web.certificate");
    std::fs::write(
        &config,
        "[web]\ncertificate = \"none.pem\"\nkey = \"none.pem\"\n",
    )
    .unwrap();
    refused("none.pem");
    // Beyond loopback a proxy does on a private address only.
    std::fs::write(&config, "[web]\ntrusted_proxies = [\"10.0.0.2\"]\n").unwrap();
    refused("web.certificate");
}

#[test]
fn it_speaks_tls_with_the_certificate_of_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["desserte.exemple".to_owned()]).unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let certificate = file("chain.pem", made.cert.pem());
    let key = file("key.pem", made.signing_key.serialize_pem());
    let config = format!(
        "[web]\nnames = [\"desserte.exemple\"]\ncertificate = {certificate:?}\nkey = {key:?}\n"
    );
    let config = file("c.toml", config);
    let served = Served::start(folder.path(), &[], &["--config", config.to_str().unwrap()]);
    assert!(served.web.starts_with("https://"), "{}", served.web);
    let host = served.web.trim_start_matches("https://").to_owned();
    let ask = |name: &str| {
        let mut child = Command::new("openssl")
            .args([
                "s_client",
                "-quiet",
                "-verify_quiet",
                "-connect",
                &host,
                "-servername",
                "desserte.exemple",
            ])
            .args([
                "-CAfile",
                certificate.to_str().unwrap(),
                "-verify_return_error",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let request = format!("GET /health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(request.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let right = ask("desserte.exemple");
    assert!(right.starts_with("HTTP/1.1 200"), "{right}");
    assert!(
        right.contains("strict-transport-security: max-age="),
        "{right}"
    );
    assert!(ask("evil.example").starts_with("HTTP/1.1 403"));
    served.stop();
}
