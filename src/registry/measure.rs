//! What may be asked of an agent: every field of a measurement within its limits.

use desserte_probe::{
    kinds::{dns::resolver_address, http::is_valid_url, throughput::is_valid_server},
    report::HOPS_MAX,
    wire::schedule::{Measure, SYSTEM_RESOLVER},
};

/// Longest URL of a target, bytes: the common limit.
const URL_BYTES_MAX: usize = 2_048;
/// Longest name of a host (RFC 1035 §2.3.4), and of each of its labels, bytes.
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// Most packets or milliseconds of a target are those of its slot; this bounds the packets.
const PACKETS_MAX: u16 = 1_000;
/// Longest wait for an answer.
const TIMEOUT_MS_MAX: u32 = 60_000;
/// ndt7 asks for ten seconds a direction.
const THROUGHPUT_SECONDS_MAX: u32 = 10;
/// Most bytes of a throughput test in one direction: ten seconds at 800 Mbit/s.
const THROUGHPUT_BYTES_MAX: u64 = 1_000_000_000;

/// Field and reason of what cannot be used.
pub(super) type Problem = (&'static str, &'static str);

/// Checks a measurement.
pub(super) fn check(measure: &Measure) -> Result<(), Problem> {
    match measure {
        Measure::Icmp {
            host,
            packets,
            timeout_ms,
            ..
        } => {
            if !(1..=PACKETS_MAX).contains(packets) {
                return Err(("packets", "must be 1 to 1000"));
            }
            check_host("host", host)?;
            check_timeout(*timeout_ms)
        }
        Measure::Http {
            url,
            status_from,
            status_to,
            timeout_ms,
            ..
        } => {
            check_url("url", url)?;
            if status_from > status_to {
                return Err(("status_to", "must not be below status_from"));
            }
            check_timeout(*timeout_ms)
        }
        Measure::Dns {
            name,
            resolver,
            timeout_ms,
            ..
        } => {
            check_name("name", name)?;
            if resolver != SYSTEM_RESOLVER && resolver_address(resolver).is_none() {
                let reason = "must be \"system\" or an address, with or without a port";
                return Err(("resolver", reason));
            }
            check_timeout(*timeout_ms)
        }
        Measure::Tcp {
            host,
            port,
            timeout_ms,
        } => {
            check_host("host", host)?;
            if *port == 0 {
                return Err(("port", "must be 1 to 65535"));
            }
            check_timeout(*timeout_ms)
        }
        Measure::Throughput {
            server,
            download,
            upload,
            seconds_max,
            bytes_max,
        } => check_throughput(server, *download || *upload, (*seconds_max, *bytes_max)),
        Measure::Path {
            host,
            hops_max,
            timeout_ms,
        } => {
            check_host("host", host)?;
            if !(1..=HOPS_MAX).contains(&usize::from(*hops_max)) {
                return Err(("hops_max", "must be 1 to 64"));
            }
            check_timeout(*timeout_ms)
        }
    }
}

fn check_throughput(
    server: &str,
    some_direction: bool,
    (seconds_max, bytes_max): (u32, u64),
) -> Result<(), Problem> {
    if server.len() > URL_BYTES_MAX || !is_valid_server(server) {
        let reason = "must be \"collector\", ws://HOST or wss://HOST without a path";
        return Err(("server", reason));
    }
    if !some_direction {
        return Err(("download", "must be true where upload is false"));
    }
    if !(1..=THROUGHPUT_SECONDS_MAX).contains(&seconds_max) {
        return Err(("seconds_max", "must be 1 to 10"));
    }
    if !(1..=THROUGHPUT_BYTES_MAX).contains(&bytes_max) {
        return Err(("bytes_max", "must be 1 to 1000000000"));
    }
    Ok(())
}

fn check_timeout(timeout_ms: u32) -> Result<(), Problem> {
    if (1..=TIMEOUT_MS_MAX).contains(&timeout_ms) {
        Ok(())
    } else {
        Err(("timeout_ms", "must be 1 to 60000"))
    }
}

/// An `http://` or `https://` address.
pub(super) fn check_url(field: &'static str, url: &str) -> Result<(), Problem> {
    if url.len() > URL_BYTES_MAX {
        return Err((field, "must be 1 to 2048 bytes"));
    }
    if is_valid_url(url) {
        Ok(())
    } else {
        Err((field, "must be an http:// or https:// address"))
    }
}

/// An address, or a name.
fn check_host(field: &'static str, host: &str) -> Result<(), Problem> {
    let literal = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    if literal.is_ok() || is_name(host) {
        Ok(())
    } else {
        Err((field, "must be an IPv4 or IPv6 address or a host name"))
    }
}

/// A name that may be asked for.
pub(super) fn check_name(field: &'static str, name: &str) -> Result<(), Problem> {
    if is_name(name) {
        Ok(())
    } else {
        Err((field, "must be a DNS name of letters, digits, - and _"))
    }
}

fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    // A name of digits only would be taken for a misspelt address.
    let spelt = name.chars().any(|c| c.is_ascii_alphabetic());
    let labels = || name.split('.');
    spelt
        && name.len() <= NAME_BYTES_MAX
        && labels().all(|one| (1..=LABEL_BYTES_MAX).contains(&one.len()))
        && labels().all(|one| one.chars().all(fine) && !one.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(measure: &str) -> Option<&'static str> {
        let measure: Measure = serde_json::from_str(measure).unwrap();
        check(&measure).err().map(|(field, _)| field)
    }

    #[test]
    fn what_can_be_measured_passes() {
        for right in [
            r#"{"icmp":{"host":"2001:db8::1","packets":5,"payload_bytes":0,"timeout_ms":1000}}"#,
            r#"{"http":{"url":"http://[::1]:80/a?b","status_from":200,"status_to":299,"timeout_ms":1,"body_bytes_max":0}}"#,
            r#"{"dns":{"name":"_dmarc.portail.cg.","record":"txt","resolver":"system","timeout_ms":1000}}"#,
            r#"{"dns":{"name":"a.cg","record":"a","resolver":"[2001:db8::1]:5353","expected":"nx_domain","timeout_ms":9}}"#,
            r#"{"tcp":{"host":"portail.gouv.cg","port":443,"timeout_ms":3000}}"#,
            r#"{"throughput":{"server":"collector","download":true,"upload":false,"seconds_max":10,"bytes_max":5000000}}"#,
            r#"{"path":{"host":"192.0.2.1","hops_max":30,"timeout_ms":1000}}"#,
        ] {
            assert_eq!(refused(right), None, "{right}");
        }
    }

    #[test]
    fn the_field_that_cannot_be_used_is_named() {
        let cases = [
            (
                r#"{"icmp":{"host":"a b","packets":5,"payload_bytes":0,"timeout_ms":1000}}"#,
                "host",
            ),
            (
                r#"{"icmp":{"host":"1.2.3","packets":5,"payload_bytes":0,"timeout_ms":1000}}"#,
                "host",
            ),
            (
                r#"{"icmp":{"host":"a","packets":0,"payload_bytes":0,"timeout_ms":1000}}"#,
                "packets",
            ),
            (
                r#"{"http":{"url":"ftp://a/","status_from":200,"status_to":299,"timeout_ms":1,"body_bytes_max":0}}"#,
                "url",
            ),
            (
                r#"{"http":{"url":"http://a/","status_from":300,"status_to":299,"timeout_ms":1,"body_bytes_max":0}}"#,
                "status_to",
            ),
            (
                r#"{"dns":{"name":"-a","record":"a","resolver":"system","timeout_ms":1}}"#,
                "name",
            ),
            (
                r#"{"dns":{"name":"a..b","record":"a","resolver":"system","timeout_ms":1}}"#,
                "name",
            ),
            (
                r#"{"dns":{"name":"a","record":"a","resolver":"dns.example","timeout_ms":1}}"#,
                "resolver",
            ),
            (
                r#"{"dns":{"name":"a","record":"a","resolver":"system","timeout_ms":0}}"#,
                "timeout_ms",
            ),
            (r#"{"tcp":{"host":"a","port":0,"timeout_ms":1}}"#, "port"),
            (
                r#"{"throughput":{"server":"http://a","download":true,"upload":false,"seconds_max":1,"bytes_max":1}}"#,
                "server",
            ),
            (
                r#"{"throughput":{"server":"collector","download":false,"upload":false,"seconds_max":1,"bytes_max":1}}"#,
                "download",
            ),
            (
                r#"{"throughput":{"server":"collector","download":true,"upload":false,"seconds_max":11,"bytes_max":1}}"#,
                "seconds_max",
            ),
            (
                r#"{"throughput":{"server":"collector","download":true,"upload":false,"seconds_max":1,"bytes_max":0}}"#,
                "bytes_max",
            ),
            (
                r#"{"path":{"host":"a","hops_max":65,"timeout_ms":1}}"#,
                "hops_max",
            ),
        ];
        for (wrong, field) in cases {
            assert_eq!(refused(wrong), Some(field), "{wrong}");
        }
    }
}
