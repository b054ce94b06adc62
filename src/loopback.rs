//! Recognizes hosts whose connections do not leave this machine.

use std::net::{IpAddr, Ipv6Addr};

/// Checks whether a host, with or without a port, is `localhost` or a loopback address.
///
/// Only complete IP addresses are recognized, because a name such as `127.example.com` can resolve to any
/// machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let is_end = rest.is_empty() || rest.starts_with(':');
            return is_end && address.parse::<Ipv6Addr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
        }
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_loopback_addresses_and_localhost() {
        for (host, expected) in [
            ("localhost", true),
            ("LocalHost:8080", true),
            ("127.0.0.1", true),
            ("127.8.9.10:80", true),
            ("[::1]", true),
            ("[::1]:80", true),
            ("[::ffff:127.0.0.1]:80", true),
            ("127.evil.example", false),
            ("127.0.0.1.evil.example:80", false),
            ("127.0.0.1@evil.example", false),
            ("127.1", false),
            ("localhost.evil.example", false),
            ("notlocalhost", false),
            ("128.0.0.1", false),
            ("0.0.0.0", false),
            ("[::2]", false),
            ("[::ffff:8.8.8.8]", false),
            ("[::1].evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
