//! Which names this server answers to. A page of another site can point its own name at 127.0.0.1 (DNS rebinding);
//! its requests then carry that name in `Host`, and are refused here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HOST;

/// The names and addresses under which this server may be spoken to.
#[derive(Debug, Clone)]
pub struct HostRule {
    listen: SocketAddr,
    names: Vec<String>,
}

impl HostRule {
    /// For a server on `listen` that is also known under `names` (`name` or `name:port`).
    #[must_use]
    pub fn new(listen: SocketAddr, names: &[String]) -> Self {
        Self { listen, names: names.iter().map(|name| name.trim().to_ascii_lowercase()).collect() }
    }

    /// Whether the request names this server, exactly once, in `Host` and in an absolute request target.
    #[must_use]
    pub fn allows_request(&self, request: &ServiceRequest) -> bool {
        let mut hosts = request.headers().get_all(HOST);
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let target = request.uri().authority().is_none_or(|authority| self.allows(authority.as_str()));
        target && host.to_str().is_ok_and(|host| self.allows(host))
    }

    /// Whether this is one of the server's names, with its port.
    #[must_use]
    pub fn allows(&self, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        let Some((name, port)) = split_port(&authority) else { return false };
        if self.names.contains(&authority) {
            return true;
        }
        let own_port = port.unwrap_or(80) == self.listen.port();
        let known = self.names.iter().any(|known| known == name);
        (known && (own_port || port.is_none())) || (own_port && self.is_own_address(name))
    }

    fn is_own_address(&self, name: &str) -> bool {
        let reaches_loopback = self.listen.ip().is_loopback() || self.listen.ip().is_unspecified();
        if name == "localhost" {
            return reaches_loopback;
        }
        parse_address(name)
            .is_some_and(|address| address == self.listen.ip() || (reaches_loopback && address.is_loopback()))
    }
}

/// Name and port of an authority; `None` when it is not written plainly.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end_of_name = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (name, rest) = authority.split_at(end_of_name);
    if name.is_empty() {
        return None;
    }
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Some((name, None)),
        Some(digits) if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            Some((name, Some(digits.parse().ok()?)))
        }
        _ => None,
    }
}

/// A dotted quad or a bracketed IPv6 address in its plain form: no decimal, octal or short spellings.
fn parse_address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => name.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(listen: &str, names: &[&str]) -> HostRule {
        HostRule::new(listen.parse().unwrap(), &names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn loopback_names_with_our_port_are_ours() {
        let rule = rule("127.0.0.1:8000", &[]);
        for good in ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000", "127.9.8.7:8000"] {
            assert!(rule.allows(good), "{good}");
        }
    }

    #[test]
    fn every_other_name_is_a_stranger() {
        let rule = rule("127.0.0.1:8000", &[]);
        for bad in [
            "",
            "evil.com",
            "evil.com:8000",
            "127.0.0.1.evil.com:8000",
            "localhost.:8000",
            "localhost",
            "localhost:80",
            "localhost:8001",
            "localhost:+8000",
            "localhost:",
            "localhost:8000:8000",
            "2130706433:8000",
            "0x7f.1:8000",
            "127.1:8000",
            "0177.0.0.1:8000",
            "0.0.0.0:8000",
            "[::]:8000",
            "[::1]x:8000",
            "[::1",
            "::1:8000",
            "[::ffff:127.0.0.1]:8000",
            "user@localhost:8000",
            "localhost:8000@evil.com",
            " localhost:8000",
            "localhost:8000/",
            "localhost,evil.com:8000",
            "192.168.1.5:8000",
            "localhost:99999",
        ] {
            assert!(!rule.allows(bad), "{bad}");
        }
    }

    #[test]
    fn on_port_80_the_port_may_be_left_out() {
        assert!(rule("127.0.0.1:80", &[]).allows("localhost"));
    }

    #[test]
    fn beyond_loopback_only_the_address_and_the_named_hosts_count() {
        let rule = rule("192.168.1.5:8000", &["tator.lan", "proxy.lan:443"]);
        for good in ["192.168.1.5:8000", "tator.lan:8000", "tator.lan", "proxy.lan:443"] {
            assert!(rule.allows(good), "{good}");
        }
        for bad in ["localhost:8000", "127.0.0.1:8000", "tator.lan:1", "proxy.lan", "x.tator.lan:8000", "192.168.1.5"] {
            assert!(!rule.allows(bad), "{bad}");
        }
    }
}
