//! Looks up time zones in the IANA database.

use jiff::tz::TimeZone;

use crate::diagnostics::did_you_mean;

/// The error for an unknown IANA time zone name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid timezone: \"{name}\" (specify in IANA tzdata format, for example, America/New_York)")]
pub(crate) struct ZoneError {
    pub(crate) name: String,
    /// The most similar name in the database, or `None` if no name is similar.
    pub(crate) suggestion: Option<String>,
}

/// Returns the time zone with the given IANA name. The name is case-sensitive, as on the server.
pub(crate) fn parse(name: &str) -> Result<TimeZone, ZoneError> {
    let found = TimeZone::get(name).ok();
    let canonical = found.as_ref().and_then(TimeZone::iana_name).map(str::to_owned);
    match (found, canonical) {
        (Some(zone), Some(canonical)) if canonical == name => Ok(zone),
        (_, canonical) => {
            Err(ZoneError { name: name.to_owned(), suggestion: canonical.or_else(|| closest(name)) })
        }
    }
}

fn closest(name: &str) -> Option<String> {
    let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    did_you_mean(name, known.iter().map(String::as_str)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zone_names_are_case_sensitive() {
        for name in ["UTC", "Etc/UTC", "America/New_York", "Asia/Kolkata", "GMT", "EST5EDT"] {
            assert!(parse(name).is_ok(), "{name}");
        }
        for (name, suggestion) in [
            ("utc", Some("UTC")),
            ("america/new_york", Some("America/New_York")),
            ("America/NewYork", Some("America/New_York")),
            ("", None),
            ("+02:00", None),
        ] {
            assert_eq!(parse(name).unwrap_err().suggestion.as_deref(), suggestion, "{name}");
        }
        assert_eq!(
            parse("Mars/Base").unwrap_err().to_string(),
            "Invalid timezone: \"Mars/Base\" (specify in IANA tzdata format, for example, America/New_York)"
        );
    }
}
