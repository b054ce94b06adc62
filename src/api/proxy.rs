//! Proxy settings from environment variables, including the hosts excluded by `NO_PROXY`.
//!
//! `NO_PROXY` may contain `*`, host names with or without a port, domains including their subdomains, IP addresses and
//! CIDR ranges, as in curl and Go.

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::{ClientBuilder, Proxy};
use url::{Host, Url};

use crate::environment::Environment;

/// A proxy URL and the environment variable that defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ProxyAddress {
    url: Url,
    variable: &'static str,
}

/// Proxies that are defined by environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    http: Option<ProxyAddress>,
    https: Option<ProxyAddress>,
    exempt: Vec<Exemption>,
}

impl Proxies {
    /// Reads the proxy settings from environment variables.
    pub(crate) fn new(environment: &Environment) -> Self {
        let variable = |name| environment.get(name);
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let address = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                // In a CGI program, the web server sets `HTTP_PROXY` from the `Proxy` header of an untrusted
                // request.
                let is_forged = is_cgi && *name == "HTTP_PROXY";
                let text = variable(name).filter(|text| !text.is_empty() && !is_forged)?;
                let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
                Some(ProxyAddress { url: Url::parse(&text).ok().filter(Url::has_host)?, variable: name })
            })
        };
        let exempt = ["NO_PROXY", "no_proxy"].into_iter().find_map(variable).unwrap_or_default();
        Self {
            http: address(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
            https: address(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            exempt: exempt.split([',', ' ', '\t']).filter_map(Exemption::parse).collect(),
        }
    }

    /// Configures an HTTP client to use the proxies. If there are none, the client keeps using the system's
    /// proxy settings.
    pub(crate) fn apply(&self, builder: ClientBuilder) -> ClientBuilder {
        if self.http.is_none() && self.https.is_none() {
            return builder;
        }
        let proxies = self.clone();
        builder.proxy(Proxy::custom(move |url| proxies.address(url).map(|address| address.url.clone())))
    }

    /// Describes the proxy for a URL and the variable that sets it, such as `http://proxy:3128
    /// (HTTPS_PROXY)`. The description contains no credentials.
    pub(crate) fn description(&self, url: &Url) -> Option<String> {
        let ProxyAddress { url: proxy, variable } = self.address(url)?;
        let port = proxy.port().map_or_else(String::new, |port| format!(":{port}"));
        Some(format!("{}://{}{port} ({variable})", proxy.scheme(), proxy.host()?))
    }

    fn address(&self, url: &Url) -> Option<&ProxyAddress> {
        let address = if url.scheme() == "https" { self.https.as_ref() } else { self.http.as_ref() };
        address.filter(|_| !self.exempt.iter().any(|exemption| exemption.matches(url)))
    }
}

/// An entry of the `NO_PROXY` variable.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exemption {
    Everything,
    Network(IpNet),
    /// An IP address, or a host name including its subdomains. If the port is `None`, the entry applies to
    /// all ports.
    Host {
        name: String,
        port: Option<u16>,
    },
}

impl Exemption {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim().to_ascii_lowercase();
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Ok(network) = entry.parse() {
            return Some(Self::Network(network));
        }
        let (name, port) = match entry.rsplit_once(':') {
            _ if entry.parse::<IpAddr>().is_ok() => (entry.as_str(), None),
            Some((name, port)) => match port.parse() {
                Ok(port) => (name, Some(port)),
                Err(_) => (entry.as_str(), None),
            },
            None => (entry.as_str(), None),
        };
        let name = name.trim_start_matches("*.").trim_matches('.').trim_matches(['[', ']']);
        (!name.is_empty()).then(|| Self::Host { name: name.to_owned(), port })
    }

    fn matches(&self, url: &Url) -> bool {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return false,
        };
        match self {
            Self::Everything => true,
            Self::Network(network) => address.is_some_and(|address| network.contains(&address)),
            Self::Host { name, port } => {
                let is_port = port.is_none_or(|port| url.port_or_known_default() == Some(port));
                let is_host = match address {
                    Some(address) => name.parse() == Ok(address),
                    None => is_in_domain(url.host_str().unwrap_or_default(), name),
                };
                is_port && is_host
            }
        }
    }
}

/// Checks whether a host name equals a domain or is one of its subdomains.
fn is_in_domain(host: &str, domain: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&'static str, &str)]) -> Proxies {
        Proxies::new(&variables.iter().copied().collect())
    }

    #[test]
    fn exempts_the_hosts_of_no_proxy() {
        for (no_proxy, url, is_exempt) in [
            ("*", "http://any.where/api", true),
            ("127.0.0.1", "http://127.0.0.1:4200/api", true),
            ("127.0.0.1:4200", "http://127.0.0.1:4200/api", true),
            ("127.0.0.1:4200", "http://127.0.0.1:4201/api", false),
            ("host.example:443", "https://host.example/api", true),
            ("host.example:80", "https://host.example/api", false),
            ("*.corp.example", "http://prefect.corp.example/api", true),
            (".corp.example", "http://prefect.corp.example/api", true),
            ("corp.example", "http://prefect.corp.example/api", true),
            ("corp.example", "http://corp.example/api", true),
            ("corp.example", "http://evilcorp.example/api", false),
            ("CORP.Example", "http://corp.example./api", true),
            ("a, b\thost", "http://host/api", true),
            ("a,,host ", "http://host/api", true),
            ("10.0.0.0/8", "http://10.1.2.3/api", true),
            ("10.0.0.0/8", "http://11.1.2.3/api", false),
            ("::1", "http://[::1]:4200/api", true),
            ("[::1]", "http://[::1]:4200/api", true),
            ("[::1]:4200", "http://[::1]:4200/api", true),
            ("[::1]:4200", "http://[::1]:4201/api", false),
            ("fd00::/8", "http://[fd12::1]/api", true),
            ("localhost", "http://127.0.0.1/api", false),
            ("", "http://host/api", false),
        ] {
            let proxies = proxies(&[
                ("HTTP_PROXY", "http://p:1"),
                ("HTTPS_PROXY", "http://p:1"),
                ("NO_PROXY", no_proxy),
            ]);
            let found = proxies.description(&Url::parse(url).unwrap());
            assert_eq!(found.is_none(), is_exempt, "NO_PROXY={no_proxy} {url}");
        }
    }

    #[test]
    fn chooses_the_proxy_by_scheme() {
        let [plain, secure] = ["http://h/", "https://h/"].map(|url| Url::parse(url).unwrap());
        let both = proxies(&[("http_proxy", "p:3128"), ("HTTPS_PROXY", "https://u:pw@q:8443")]);
        assert_eq!(both.description(&plain).as_deref(), Some("http://p:3128 (http_proxy)"));
        assert_eq!(both.description(&secure).as_deref(), Some("https://q:8443 (HTTPS_PROXY)"));
        let all = proxies(&[("ALL_PROXY", "http://p:1")]);
        assert_eq!(all.description(&secure).as_deref(), Some("http://p:1 (ALL_PROXY)"));
        let cgi = proxies(&[("HTTP_PROXY", "http://p:1"), ("REQUEST_METHOD", "GET")]);
        assert_eq!(cgi.description(&plain), None);
        assert_eq!(proxies(&[("HTTP_PROXY", "")]), Proxies::default());
    }
}
