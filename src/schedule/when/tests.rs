use super::*;

/// Monday, 14:45 in London and 09:45 in New York.
const NOW: &str = "2026-11-23T14:45:00Z";

fn clock(zone: &str) -> Clock {
    Clock::fixed(NOW.parse().unwrap(), TimeZone::get(zone).unwrap())
}

fn table(start: fn(&str, &Clock) -> Result<Timestamp, WhenError>, zone: &str, rows: &[(&str, &str)]) {
    for (phrase, expected) in rows {
        let found =
            start(phrase, &clock(zone)).map(|time| time.to_string()).map_err(|error| error.to_string());
        assert_eq!(found.as_deref(), Ok(*expected), "{phrase:?} in {zone}");
    }
}

#[test]
fn adds_durations_to_the_current_time() {
    table(
        start_in,
        "America/New_York",
        &[
            ("17h", "2026-11-24T07:45:00Z"),
            ("5 minutes", "2026-11-23T14:50:00Z"),
            ("in 5 minutes", "2026-11-23T14:50:00Z"),
            ("In 5 minutes", "2026-11-23T14:50:00Z"),
            ("5 minutes from now", "2026-11-23T14:50:00Z"),
            ("10m", "2026-11-23T14:55:00Z"),
            ("30s", "2026-11-23T14:45:30Z"),
            ("3 hrs", "2026-11-23T17:45:00Z"),
            ("PT5M", "2026-11-23T14:50:00Z"),
            ("PT1H30M", "2026-11-23T16:15:00Z"),
            ("P1D", "2026-11-24T14:45:00Z"),
            ("1h30m", "2026-11-23T16:15:00Z"),
            ("1h 30m", "2026-11-23T16:15:00Z"),
            ("1 hour and 30 minutes", "2026-11-23T16:15:00Z"),
            ("1 hour, 5 minutes", "2026-11-23T15:50:00Z"),
            ("1.5 hours", "2026-11-23T16:15:00Z"),
            ("1.5 days", "2026-11-25T02:45:00Z"),
            ("27 hours + 4 mins", "2026-11-24T17:49:00Z"),
            ("2 weeks & 1 day", "2026-12-08T14:45:00Z"),
            ("1 year and 3 months", "2028-02-23T14:45:00Z"),
            ("1 month", "2026-12-23T14:45:00Z"),
            ("5 mo", "2027-04-23T14:45:00Z"),
            ("an hour", "2026-11-23T15:45:00Z"),
            ("ten minutes", "2026-11-23T14:55:00Z"),
            ("fifteen minutes", "2026-11-23T15:00:00Z"),
            ("twenty minutes and thirty seconds", "2026-11-23T15:05:30Z"),
            ("forty five minutes", "2026-11-23T15:30:00Z"),
            ("ninety-one minutes", "2026-11-23T16:16:00Z"),
            ("next week", "2026-11-30T14:45:00Z"),
            ("Next month", "2026-12-23T14:45:00Z"),
            ("next year", "2027-11-23T14:45:00Z"),
            ("in 2 days at 5pm", "2026-11-25T22:00:00Z"),
            ("a week at noon UTC", "2026-11-30T12:00:00Z"),
            ("next week at 5pm", "2026-11-30T22:00:00Z"),
            ("a fortnight", "2026-12-07T14:45:00Z"),
            ("0 minutes", "2026-11-23T14:45:00Z"),
            ("1 Day 2 Hours", "2026-11-24T16:45:00Z"),
        ],
    );
}

/// Times with their meaning at 14:45 UTC.
const TIMES_IN_UTC: &[(&str, &str)] = &[
    ("5:30pm", "2026-11-23T17:30:00Z"),
    ("5:30 PM", "2026-11-23T17:30:00Z"),
    ("17:30", "2026-11-23T17:30:00Z"),
    ("17:30:15", "2026-11-23T17:30:15Z"),
    ("17:30:15.5", "2026-11-23T17:30:15.5Z"),
    ("5:30 p.m.", "2026-11-23T17:30:00Z"),
    ("9a.m.", "2026-11-24T09:00:00Z"),
    ("5 P.M tomorrow", "2026-11-24T17:00:00Z"),
    ("14:45", "2026-11-23T14:45:00Z"),
    ("9am", "2026-11-24T09:00:00Z"),
    ("12am", "2026-11-24T00:00:00Z"),
    ("at 12pm", "2026-11-24T12:00:00Z"),
    ("2026-12-01", "2026-12-01T00:00:00Z"),
    ("2026-12-01 17:30", "2026-12-01T17:30:00Z"),
    ("2026-12-01 17:30:05", "2026-12-01T17:30:05Z"),
    ("2026-12-01T17:30:00Z", "2026-12-01T17:30:00Z"),
    ("2026-12-01T17:30:00+02:00", "2026-12-01T15:30:00Z"),
    ("2026-12-01 17:30:00+02:00", "2026-12-01T15:30:00Z"),
    ("2026-12-01T17:30:00.123456+00:00", "2026-12-01T17:30:00.123456Z"),
    ("2026-12-01 17:30:00.123456+02:00", "2026-12-01T15:30:00.123456Z"),
    ("2026-12-01 17:30:00.123456789", "2026-12-01T17:30:00.123456Z"),
    ("2026-12-01 17:30 UTC+2", "2026-12-01T15:30:00Z"),
    ("2026-12-01 17:30 GMT-05:30", "2026-12-01T23:00:00Z"),
    ("Tue Dec  1 17:30:00 2026", "2026-12-01T17:30:00Z"),
    ("Tue Dec  1 05:30:00 PM UTC 2026", "2026-12-01T17:30:00Z"),
    ("3rd of December 2026", "2026-12-03T00:00:00Z"),
    ("tomorrow", "2026-11-24T14:45:00Z"),
    ("tomorrow at 5pm", "2026-11-24T17:00:00Z"),
    ("5pm tomorrow", "2026-11-24T17:00:00Z"),
    ("tomorrow at noon", "2026-11-24T12:00:00Z"),
    ("monday", "2026-11-30T00:00:00Z"),
    ("tuesday", "2026-11-24T00:00:00Z"),
    ("monday at 9pm", "2026-11-30T21:00:00Z"),
    ("next friday at 9am", "2026-11-27T09:00:00Z"),
    ("friday at 9am", "2026-11-27T09:00:00Z"),
    ("5pm on Fri", "2026-11-27T17:00:00Z"),
    ("12/01/2026", "2026-12-01T00:00:00Z"),
    ("12/20/2030 1am", "2030-12-20T01:00:00Z"),
    ("25/12/2026", "2026-12-25T00:00:00Z"),
    ("12/20/2027 1am", "2027-12-20T01:00:00Z"),
    ("5-17-43 5:30pm UTC", "2043-05-17T17:30:00Z"),
    ("01/31/43 5:30 CST", "2043-01-31T11:30:00Z"),
    ("20.12.2027 08:00", "2027-12-20T08:00:00Z"),
    ("12.11.2027 08:00", "2027-12-11T08:00:00Z"),
    ("2027.12.20 8:00", "2027-12-20T08:00:00Z"),
    ("20/12/27 3pm", "2027-12-20T15:00:00Z"),
    ("5-17 5pm", "2027-05-17T17:00:00Z"),
    ("5.17.2043", "2043-05-17T00:00:00Z"),
    ("12/20/2027 1am AEST", "2027-12-19T15:00:00Z"),
    ("12/01", "2026-12-01T00:00:00Z"),
    ("2026/12/01", "2026-12-01T00:00:00Z"),
    ("Dec 1", "2026-12-01T00:00:00Z"),
    ("Nov 1", "2027-11-01T00:00:00Z"),
    ("December 1st, 2026 17:30", "2026-12-01T17:30:00Z"),
    ("1 December 2026 at 5pm", "2026-12-01T17:00:00Z"),
    ("5pm EST", "2026-11-23T22:00:00Z"),
    ("17:30 UTC", "2026-11-23T17:30:00Z"),
    ("17:30Z", "2026-11-23T17:30:00Z"),
    ("17:30 +02:00", "2026-11-23T15:30:00Z"),
    ("17:30-05", "2026-11-23T22:30:00Z"),
    ("5pm America/New_York", "2026-11-23T22:00:00Z"),
    ("2026-12-01 17:30 EST", "2026-12-01T22:30:00Z"),
    ("8am JST", "2026-11-23T23:00:00Z"),
    ("now", "2026-11-23T14:45:00Z"),
    ("today", "2026-11-23T14:45:00Z"),
    ("today at 5pm", "2026-11-23T17:00:00Z"),
    ("tonight", "2026-11-23T20:00:00Z"),
    ("tonight at 9pm", "2026-11-23T21:00:00Z"),
    ("noon", "2026-11-24T12:00:00Z"),
    ("midnight", "2026-11-24T00:00:00Z"),
    ("in 5 minutes", "2026-11-23T14:50:00Z"),
    ("17h30", "2026-11-23T17:30:00Z"),
    ("5h30", "2026-11-24T05:30:00Z"),
    ("17h", "2026-11-23T17:00:00Z"),
    ("5.30pm", "2026-11-23T17:30:00Z"),
    ("17.30", "2026-11-23T17:30:00Z"),
    ("7.30", "2026-11-24T07:30:00Z"),
    ("this friday", "2026-11-27T00:00:00Z"),
    ("day after tomorrow", "2026-11-25T14:45:00Z"),
    ("Day After Tomorrow", "2026-11-25T14:45:00Z"),
    ("Tuesday December 1", "2026-12-01T00:00:00Z"),
    ("Tue, 1 Dec 2026", "2026-12-01T00:00:00Z"),
    ("Tuesday, December 1, 2026 17:30", "2026-12-01T17:30:00Z"),
    ("Friday 2026-11-27 9am", "2026-11-27T09:00:00Z"),
    ("friday 27 november at 9am", "2026-11-27T09:00:00Z"),
    ("tuesday 12/01", "2026-12-01T00:00:00Z"),
];

#[test]
fn resolves_times_in_utc() {
    table(start_at, "UTC", TIMES_IN_UTC);
}

/// Prefect interprets some of these times as UTC, and compares others with a time in a different zone.
#[test]
fn resolves_times_without_a_zone_as_local() {
    table(
        start_at,
        "America/New_York",
        &[
            ("5:30pm", "2026-11-23T22:30:00Z"),
            ("2026-12-01", "2026-12-01T05:00:00Z"),
            ("tomorrow at 5pm", "2026-11-24T22:00:00Z"),
            ("today at 5pm", "2026-11-23T22:00:00Z"),
            ("tonight", "2026-11-24T01:00:00Z"),
            ("10:00", "2026-11-23T15:00:00Z"),
            ("9:00", "2026-11-24T14:00:00Z"),
            ("2027-07-01 12:00", "2027-07-01T16:00:00Z"),
            ("17:30 UTC", "2026-11-23T17:30:00Z"),
        ],
    );
}

/// A skipped time is shifted by the length of the gap, as in cron schedules, and an ambiguous time means its first
/// occurrence.
#[test]
fn resolves_skipped_and_repeated_local_times() {
    for (zone, local, expected) in [
        ("Europe/Berlin", "2027-03-28T01:59", "2027-03-28T00:59:00Z"),
        ("Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:30:00Z"),
        ("Europe/Berlin", "2027-03-28T03:00", "2027-03-28T01:00:00Z"),
        ("Europe/Berlin", "2027-10-31T02:30", "2027-10-31T00:30:00Z"),
        ("Europe/Berlin", "2027-10-31T03:00", "2027-10-31T02:00:00Z"),
        ("America/New_York", "2027-03-14T02:30", "2027-03-14T07:30:00Z"),
        ("America/New_York", "2027-11-07T01:30", "2027-11-07T05:30:00Z"),
        ("Australia/Lord_Howe", "2027-10-03T02:15", "2027-10-02T15:45:00Z"),
        ("Australia/Lord_Howe", "2027-04-04T01:45", "2027-04-03T14:45:00Z"),
        ("America/Santiago", "2027-09-05T00:00", "2027-09-05T04:00:00Z"),
        ("America/Santiago", "2027-04-03T23:30", "2027-04-04T02:30:00Z"),
        ("Asia/Kolkata", "2027-03-28T02:30", "2027-03-27T21:00:00Z"),
    ] {
        table(start_at, zone, &[(local, expected)]);
        table(start_at, "UTC", &[(&format!("{} {zone}", local.replace('T', " ")), expected)]);
    }
}

#[test]
fn both_options_accept_durations_and_times() {
    table(
        start_in,
        "UTC",
        &[("tomorrow", "2026-11-24T14:45:00Z"), ("12/20/2030 1am", "2030-12-20T01:00:00Z")],
    );
    table(start_at, "UTC", &[("5 minutes", "2026-11-23T14:50:00Z")]);
}

#[test]
fn rejects_unclear_phrases_with_a_hint() {
    for (phrase, hint) in [
        ("garbage", HINT),
        ("", HINT),
        ("half an hour", HINT),
        ("next hour", HINT),
        ("twenty ten minutes", HINT),
        ("3 hours at 5pm", HINT),
        ("2 days at tomorrow", HINT),
        ("Dec 1 17:30 20266", NUMBER_HINT),
        ("17:30:15.x", HINT),
        ("17:30 UTC+", HINT),
        ("5 parsecs", HINT),
        ("1.5 months", HINT),
        ("Jan 32nd 2027", HINT),
        ("Octob 32", HINT),
        ("August 2099", HINT),
        ("the 5th", HINT),
        ("13/13/2027", HINT),
        ("2027-02-30", HINT),
        ("25:00", HINT),
        ("13pm", HINT),
        ("monday tuesday", HINT),
        ("UTC", HINT),
        ("99999999 years", HINT),
        ("Wednesday December 1", WEEKDAY_HINT),
        ("17.30", NUMBER_HINT),
        ("17h60", HINT),
        ("5", NUMBER_HINT),
        ("90", NUMBER_HINT),
        ("1671483897", NUMBER_HINT),
        ("20261201", NUMBER_HINT),
        ("tomorrow 9", NUMBER_HINT),
        ("-5 minutes", AGO_HINT),
        ("5 minutes ago", AGO_HINT),
        ("5pm IST", ZONE_HINT),
        ("5pm Mars/Base", ZONE_HINT),
    ] {
        let error = start_in(phrase, &clock("UTC")).unwrap_err().to_string();
        assert_eq!(error, format!("Unable to parse scheduled start time 'in {phrase}'. {hint}"));
    }
}

#[test]
fn rejects_times_in_the_past() {
    for (phrase, time) in [
        ("2020-01-01", "2020-01-01 00:00:00"),
        ("today at 9am", "2026-11-23 09:00:00"),
        ("13/1/2020", "2020-01-13 00:00:00"),
    ] {
        let error = start_at(phrase, &clock("UTC")).unwrap_err().to_string();
        assert_eq!(error, format!("The scheduled start time 'at {phrase}' is in the past ({time} UTC)."));
    }
}
