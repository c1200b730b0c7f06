//! The address under which people reach this server when a proxy stands in front of it.

use std::str::FromStr;

use actix_web::http::Uri;

/// `https://tator.example.org/tator`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// Scheme, name and port, as browsers write them in `Origin`.
    pub origin: String,
    /// Name, and name with port: how a proxy may pass `Host` on.
    pub hosts: Vec<String>,
    /// The path, without a slash at its end.
    pub base: String,
    /// It is reached by TLS.
    pub secure: bool,
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address like https://tator.example.org/tator");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
        if !matches!(scheme, "http" | "https") || authority.as_str().contains('@') || uri.query().is_some() {
            return Err(wrong());
        }
        let (secure, name) = (scheme == "https", authority.host().to_ascii_lowercase());
        let usual = if secure { 443 } else { 80 };
        let port = authority.port_u16().filter(|port| *port != usual);
        let shown = port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
        let mut hosts = vec![name.clone(), format!("{name}:{}", port.unwrap_or(usual))];
        hosts.dedup();
        Ok(Self {
            origin: format!("{scheme}://{shown}"),
            hosts,
            base: uri.path().trim_end_matches('/').to_owned(),
            secure,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let url: PublicUrl = "https://Tator.example.org/tator/".parse().unwrap();
        assert_eq!((url.origin.as_str(), url.base.as_str(), url.secure), ("https://tator.example.org", "/tator", true));
        assert_eq!(url.hosts, ["tator.example.org", "tator.example.org:443"]);
        let url: PublicUrl = "http://localhost:8443".parse().unwrap();
        assert_eq!((url.origin.as_str(), url.base.as_str(), url.secure), ("http://localhost:8443", "", false));
        assert_eq!(url.hosts, ["localhost", "localhost:8443"]);
        for bad in ["", "tator.example.org", "/tator", "ftp://x", "https://u:p@x/", "https://x/?a", "https://"] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }
}
