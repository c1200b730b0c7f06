//! Where a visitor may be sent: only to a path of ours (Datasette #2429, #2680).

/// The path, when every browser reads it as a path on this server.
#[must_use]
pub fn local_path(target: &str) -> Option<&str> {
    let inside = target.strip_prefix('/')?;
    let leaves = inside.starts_with(['/', '\\']);
    // Browsers drop tabs and line ends from addresses, so `/<tab>/evil.com` would become `//evil.com`.
    let hidden = target.chars().any(|c| c.is_control() || c == '\\' || !c.is_ascii());
    (!leaves && !hidden).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_followed() {
        for good in ["/", "/datasets", "/d/coins/gallery?state=reviewed&text=a%20b", "/sql?q=https://example.com"] {
            assert_eq!(local_path(good), Some(good));
        }
        for bad in [
            "",
            "datasets",
            "//example.com",
            "/\\example.com/",
            "\\\\example.com",
            "https://example.com",
            "///example.com",
            "/\t/example.com",
            "/\n/example.com",
            "javascript:alert(1)",
            " /datasets",
            "/a\r\nSet-Cookie: x=1",
            "/ä\u{0}",
            "/a/..\\..\\example.com",
        ] {
            assert_eq!(local_path(bad), None, "{bad:?}");
        }
    }
}
