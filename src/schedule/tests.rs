use super::*;

fn now() -> Timestamp {
    "2026-11-23T14:45:07.250Z".parse().unwrap()
}

fn read(yaml: &str) -> Result<Schedule, Vec<ScheduleError>> {
    Schedule::from_item(&serde_yaml::from_str(yaml).unwrap())
}

fn errors(yaml: &str) -> Vec<(Option<String>, String)> {
    let errors = read(yaml).unwrap_err();
    errors.into_iter().map(|error| (error.key.clone(), error.to_string())).collect()
}

/// An item of `schedules`, with the schedule in the create request and the complete update request.
const BODIES: [(&str, &str, &str); 9] = [
    (
        "{cron: '0 0 * * *'}",
        r#"{"cron":"0 0 * * *","timezone":null,"day_or":true}"#,
        r#"{"schedule":{"cron":"0 0 * * *"}}"#,
    ),
    (
        "{cron: '0 0 1 * 1', timezone: America/Chicago, day_or: 'false', active: 'no', parameters: {n: 1}, slug: one}",
        r#"{"cron":"0 0 1 * 1","timezone":"America/Chicago","day_or":false}"#,
        r#"{"schedule":{"cron":"0 0 1 * 1","timezone":"America/Chicago","day_or":false},"active":false,"parameters":{"n":1},"slug":"one"}"#,
    ),
    (
        "{cron: '@daily', anchor_date: anything, timezone: '', slug: '', replaces: old, parameters: {}}",
        r#"{"cron":"@daily","timezone":null,"day_or":true}"#,
        r#"{"schedule":{"cron":"@daily"},"replaces":"old"}"#,
    ),
    (
        "{interval: 900}",
        r#"{"interval":900.0,"anchor_date":"2026-11-23T14:45:07.250000Z","timezone":"UTC"}"#,
        r#"{"schedule":{"interval":900.0,"timezone":"UTC"}}"#,
    ),
    (
        "{interval: PT1M, anchor_date: '2024-01-01', timezone: America/New_York}",
        r#"{"interval":60.0,"anchor_date":"2024-01-01T00:00:00Z","timezone":"America/New_York"}"#,
        r#"{"schedule":{"interval":60.0,"anchor_date":"2024-01-01T00:00:00Z","timezone":"America/New_York"}}"#,
    ),
    (
        "{interval: '1:30:00', anchor_date: '2020-01-01T00:00:00-05:00'}",
        r#"{"interval":5400.0,"anchor_date":"2020-01-01T00:00:00-05:00","timezone":"UTC"}"#,
        r#"{"schedule":{"interval":5400.0,"anchor_date":"2020-01-01T00:00:00-05:00","timezone":"UTC"}}"#,
    ),
    (
        "{rrule: FREQ=HOURLY, day_or: false}",
        r#"{"rrule":"DTSTART:20200101T000000\nFREQ=HOURLY","timezone":"UTC"}"#,
        r#"{"schedule":{"rrule":"DTSTART:20200101T000000\nFREQ=HOURLY","timezone":"UTC"}}"#,
    ),
    (
        r#"{rrule: '{"rrule": "FREQ=MINUTELY;INTERVAL=7", "timezone": "America/New_York"}'}"#,
        r#"{"rrule":"DTSTART:20261123T094400\nFREQ=MINUTELY;INTERVAL=7","timezone":"America/New_York"}"#,
        r#"{"schedule":{"rrule":"DTSTART:20261123T094400\nFREQ=MINUTELY;INTERVAL=7","timezone":"America/New_York"}}"#,
    ),
    (
        r#"{rrule: '{"rrule": "FREQ=DAILY", "timezone": "Asia/Tokyo"}', timezone: Europe/Paris, active: true}"#,
        r#"{"rrule":"DTSTART:20200101T000000\nFREQ=DAILY","timezone":"Europe/Paris"}"#,
        r#"{"schedule":{"rrule":"DTSTART:20200101T000000\nFREQ=DAILY","timezone":"Europe/Paris"},"active":true}"#,
    ),
];

#[test]
fn creates_the_request_bodies_of_prefect() {
    for (item, create, update) in BODIES {
        let schedule = read(item).unwrap();
        assert_eq!(schedule.for_create(now())["schedule"].to_string(), create, "{item}");
        assert_eq!(schedule.for_update(now()).to_string(), update, "{item}");
    }
}

#[test]
fn new_schedule_has_all_keys() {
    let create = |item: &str| read(item).unwrap().for_create(now()).to_string();
    assert_eq!(
        create("{cron: '@daily'}"),
        r#"{"schedule":{"cron":"@daily","timezone":null,"day_or":true},"active":true,"max_scheduled_runs":null,"parameters":{},"slug":null,"replaces":null}"#
    );
    assert_eq!(
        create("{cron: '@daily', active: false, parameters: {n: 1}, slug: a, replaces: b}"),
        r#"{"schedule":{"cron":"@daily","timezone":null,"day_or":true},"active":false,"max_scheduled_runs":null,"parameters":{"n":1},"slug":"a","replaces":"b"}"#
    );
}

#[test]
fn an_item_is_read_as_the_same_schedule() {
    for yaml in [
        "{cron: 0 6 * * *}",
        "{cron: 0 6 * * *, timezone: Europe/Rome, day_or: false, active: false, slug: a, parameters: {n: 1}}",
        "{interval: 600}",
        "{interval: 0.5, anchor_date: '2030-01-01T00:00:00Z', timezone: Europe/Rome, slug: b, replaces: a}",
        "{rrule: FREQ=DAILY}",
        "{rrule: 'FREQ=WEEKLY;INTERVAL=2', timezone: Europe/Rome}",
        "{rrule: \"DTSTART:20200101T000000\\nFREQ=DAILY\"}",
    ] {
        let schedule = read(yaml).unwrap_or_else(|errors| panic!("{yaml}: {errors:?}"));
        let item = crate::value::from_json(&schedule.item());
        let again = Schedule::from_item(item.as_mapping().unwrap()).unwrap();
        assert_eq!(again.item(), schedule.item(), "{yaml}");
        assert!(again.runs_as(schedule.for_create(now())["schedule"].as_object().unwrap()), "{yaml}");
    }
}

#[test]
fn errors_name_the_key() {
    for (item, key, message) in [
        ("{cron: not a cron}", "cron", "Invalid cron string: \"not a cron\": expected 5 fields"),
        ("{cron: 5}", "cron", "expected a string, found an integer"),
        ("{cron: '@daily', timezone: Mars/Base}", "timezone", "Invalid timezone: \"Mars/Base\""),
        ("{cron: '@daily', active: maybe}", "active", "expected true or false, found a string"),
        ("{cron: '@daily', parameters: null}", "parameters", "expected a mapping, found null"),
        ("{cron: '@daily', slug: 7}", "slug", "expected a string, found an integer"),
        ("{cron: '@daily', catchup: true}", "catchup", "unknown key `catchup`"),
        ("{interval: 0}", "interval", "an interval must be greater than 0 seconds"),
        ("{interval: -PT5S}", "interval", "an interval must be greater than 0 seconds"),
        ("{interval: '60'}", "interval", "the string is a number without a unit"),
        ("{interval: 60, anchor_date: soon}", "anchor_date", "`soon` is not an ISO 8601 date"),
        (
            "{rrule: FREQ=SOMETIMES}",
            "rrule",
            "Invalid RRule string \"FREQ=SOMETIMES\": invalid 'FREQ': SOMETIMES",
        ),
        ("{rrule: '5'}", "rrule", "the JSON object of an rrule requires a string"),
        (r#"{rrule: '{"timezone": "UTC"}'}"#, "rrule", "the JSON object of an rrule requires a string"),
        (
            r#"{rrule: '{"rrule": "FREQ=DAILY", "tz": "UTC"}'}"#,
            "rrule",
            "unknown key `tz` in the JSON object of an rrule",
        ),
        (r#"{rrule: '{"rrule": "FREQ=DAILY", "timezone": "X"}'}"#, "rrule", "Invalid timezone: \"X\""),
    ] {
        let found = errors(item);
        let [(found_key, found_message)] = &found[..] else { panic!("{item}: {found:?}") };
        assert_eq!(found_key.as_deref(), Some(key), "{item}");
        assert!(found_message.starts_with(message), "{item}: {found_message}");
    }
}

#[test]
fn requires_exactly_one_kind() {
    let unknown =
        |item: &str| format!("Unknown schedule type. Please provide a valid schedule. schedule={item}");
    for (item, message) in [
        ("{timezone: UTC}", unknown("{'timezone': 'UTC'}")),
        ("{}", unknown("{}")),
        (
            "{cron: '', interval: null, active: true}",
            unknown("{'cron': '', 'interval': None, 'active': True}"),
        ),
        (
            "{cron: '@daily', interval: 60}",
            "Exactly one of 'cron', 'interval', or 'rrule' must be provided".into(),
        ),
    ] {
        assert_eq!(errors(item), [(None, message)], "{item}");
    }
}

#[test]
fn returns_all_errors() {
    let found = errors("{cron: x, timezone: X, actve: true, slug: []}");
    let keys: Vec<_> = found.iter().filter_map(|(key, _)| key.as_deref()).collect();
    assert_eq!(keys, ["actve", "slug", "timezone", "cron"]);
    assert_eq!(
        read("{cron: '@daily', actve: true}").unwrap_err()[0].help().as_deref(),
        Some("did you mean `active`?")
    );
}

proptest::proptest! {
    /// Generates strings similar to valid ones. Parsers must accept or reject them without panicking.
    #[test]
    fn parsers_never_panic(
        text in "[-+0-9*/,#lL?:.;=TZPYMDWHS ]{0,24}|(FREQ=|BYHOUR=|BYSETPOS=|INTERVAL=|DTSTART:|[-0-9;,\n]|DAILY|HOURLY|MINUTELY){1,8}|\\PC{0,16}",
    ) {
        let clock = crate::clock::Clock::fixed(now(), TimeZone::UTC);
        let _ = (when::start_in(&text, &clock), when::start_at(&text, &clock));
        for key in ["cron", "interval", "rrule"] {
            let item = Mapping::from_iter([
                (Value::from(key), Value::from(text.as_str())),
                (Value::from("anchor_date"), Value::from(text.as_str())),
            ]);
            let _ = Schedule::from_item(&item);
            let item = Mapping::from_iter([(Value::from(key), Value::from(text.as_str()))]);
            if let Ok(schedule) = Schedule::from_item(&item) {
                let _ = (schedule.for_create(now()), schedule.for_update(now()));
            }
        }
    }
}
