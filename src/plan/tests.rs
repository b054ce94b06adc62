//! Property tests for the comparison: after applying the changes, a second comparison finds no differences.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{Automation, Deployment, DeploymentName, DeploymentSchedule},
    deployment::{
        DesiredDeployment, LiveDeployment, OnUnchanged, SharedValues, Snapshot, desired::Schedules, triggers,
    },
    plan::{Change, Changes, ScheduleChanges, compare},
    project::{ConcurrencyLimit, IgnoredFields},
    schedule::Schedule,
    value::{self, json_object},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A simulated server with one deployment. Updates follow the Prefect server's rules.
struct Server {
    raw: Map<String, Json>,
    schedules: Vec<DeploymentSchedule>,
    automations: Vec<Automation>,
}

impl Server {
    fn with(desired: &DesiredDeployment) -> Self {
        let id = Uuid::new_v4();
        let mut server = Self { raw: Map::new(), schedules: Vec::new(), automations: Vec::new() };
        let mut body = json_object(desired.create_body(Uuid::nil(), NOW));
        let schedules = body.shift_remove("schedules").unwrap_or_default();
        schedules.as_array().into_iter().flatten().for_each(|body| server.add_schedule(body));
        server.raw.insert("id".into(), json!(id));
        server.set(body);
        for trigger in &desired.triggers {
            server.add_automation(json_object(trigger.automation_body(id)));
        }
        server
    }

    fn live(&self) -> Snapshot {
        let mut raw = self.raw.clone();
        raw.insert("schedules".into(), json!([]));
        let mut deployment = Deployment::try_from(raw).unwrap();
        deployment.schedules = self.schedules.clone();
        let deployment = LiveDeployment::new(deployment, &SharedValues::default());
        Snapshot::of("flow", deployment, self.automations.clone())
    }

    fn set(&mut self, body: Map<String, Json>) {
        for (key, value) in body {
            match key.as_str() {
                "version_info" => {}
                "job_variables" if value.is_null() => {
                    self.raw.entry(key).or_insert_with(|| json!({}));
                }
                "concurrency_limit" => {
                    let limit = if value.is_null() { Json::Null } else { json!({"limit": value}) };
                    self.raw.insert("global_concurrency_limit".into(), limit);
                    self.raw.insert(key, Json::Null);
                }
                "concurrency_options" if value.is_object() => {
                    let mut options = json_object(json!({"grace_period_seconds": null}));
                    options.extend(json_object(value));
                    self.raw.insert(key, options.into());
                }
                "work_queue_name" if value.is_null() => drop(self.raw.insert(key, json!("default"))),
                _ => drop(self.raw.insert(key, value)),
            }
        }
    }

    fn add_schedule(&mut self, body: &Json) {
        let mut body = json_object(body.clone());
        body.insert("id".into(), json!(Uuid::new_v4()));
        self.schedules.push(serde_json::from_value(body.into()).unwrap());
    }

    /// Applies the `schedules` field of an update.
    fn set_schedules(&mut self, bodies: Vec<Json>) {
        let has_slug = |body: &Json| body["slug"].is_string();
        let is_by_slug =
            !self.schedules.is_empty() && self.schedules.iter().all(|schedule| schedule.slug.is_some());
        assert!(!is_by_slug || bodies.iter().all(has_slug), "the server refuses it");
        if !is_by_slug {
            self.schedules.clear();
        }
        for body in bodies {
            let is_same = |schedule: &&mut DeploymentSchedule| {
                has_slug(&body) && schedule.slug.as_deref() == body["slug"].as_str()
            };
            match self.schedules.iter_mut().find(is_same) {
                Some(schedule) => update_schedule(schedule, json_object(body)),
                None => self.add_schedule(&body),
            }
        }
    }

    fn add_automation(&mut self, mut raw: Map<String, Json>) {
        let id = Uuid::new_v4();
        raw.insert("id".into(), json!(id));
        let name = raw["name"].as_str().unwrap().to_owned();
        self.automations.push(Automation { id, name, raw });
    }

    fn apply(&mut self, changes: Update) {
        if let Some(body) = changes.body {
            self.set(body);
        }
        if let Some(together) = changes.together {
            self.set_schedules(together);
        }
        changes.new_schedules.iter().for_each(|body| self.add_schedule(body));
        for (id, body) in changes.schedules {
            let schedule = self.schedules.iter_mut().find(|schedule| schedule.id == id).unwrap();
            update_schedule(schedule, body);
        }
        self.schedules.retain(|schedule| !changes.gone_schedules.contains(&schedule.id));
        if changes.delete_owned {
            self.automations.clear();
        }
        changes.new_automations.into_iter().for_each(|body| self.add_automation(body));
        self.automations.retain(|automation| !changes.gone_automations.contains(&automation.id));
    }
}

/// Updates the keys that the request contains. Parameters are always replaced.
fn update_schedule(schedule: &mut DeploymentSchedule, body: Map<String, Json>) {
    let mut raw = json_object(
        json!({"id": schedule.id, "schedule": schedule.schedule, "active": schedule.active, "slug": schedule.slug}),
    );
    raw.extend(body);
    *schedule = serde_json::from_value(raw.into()).unwrap();
}

/// The requests for a change, without borrows.
struct Update {
    body: Option<Map<String, Json>>,
    together: Option<Vec<Json>>,
    new_schedules: Vec<Json>,
    schedules: Vec<(Uuid, Map<String, Json>)>,
    gone_schedules: Vec<Uuid>,
    new_automations: Vec<Map<String, Json>>,
    gone_automations: Vec<Uuid>,
    delete_owned: bool,
}

impl Update {
    fn of(desired: &DesiredDeployment, live: &LiveDeployment, changes: &Changes<'_>) -> Self {
        let Changes { fields, schedules, triggers, .. } = changes;
        let together = schedules.together(!fields.is_empty(), &live.schedules, NOW);
        let nothing = ScheduleChanges::default();
        let one_by_one = if together.is_some() { &nothing } else { schedules };
        let updated = one_by_one.update.iter();
        Self {
            body: (!fields.is_empty()).then(|| desired.update_body(live)),
            together,
            new_schedules: one_by_one.create.iter().map(|schedule| schedule.for_create(NOW)).collect(),
            schedules: updated.map(|(live, body)| (live.id, live.with_parameters(body))).collect(),
            gone_schedules: one_by_one.delete.iter().map(|schedule| schedule.id).collect(),
            new_automations: triggers.create.iter().map(|new| new.body.clone()).collect(),
            gone_automations: triggers.delete.iter().map(|automation| automation.id).collect(),
            delete_owned: triggers.delete_owned,
        }
    }
}

fn schedule_item() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "{cron: 0 0 * * *}",
        "{cron: 0 0 * * *, active: false}",
        "{cron: 0 1 * * *, timezone: Asia/Tokyo, parameters: {n: 1}}",
        "{cron: 0 1 * * *, timezone: Asia/Tokyo, parameters: {n: 1}, active: false}",
        "{cron: 0 2 * * *, parameters: {n: 1}, slug: a}",
        "{interval: 600}",
        "{interval: 600, anchor_date: '2020-01-01T00:00:00+01:00'}",
        "{rrule: FREQ=DAILY}",
        "{cron: 0 0 * * *, slug: a}",
        "{interval: 60, slug: a}",
        "{rrule: FREQ=WEEKLY, slug: b, active: true}",
        "{interval: 90.5, slug: c}",
    ])
}

fn schedules() -> impl Strategy<Value = Schedules> {
    prop::option::of(prop::collection::vec(schedule_item(), 0..4)).prop_map(|items| {
        let Some(items) = items else { return Schedules::Keep };
        let mut seen = std::collections::BTreeSet::new();
        let read = |item: &str| Schedule::from_item(&serde_yaml::from_str(item).unwrap()).unwrap();
        let schedules = items.into_iter().map(read);
        // Validation rejects files with duplicate slugs.
        Schedules::Exactly(
            schedules.filter(|schedule| schedule.slug.clone().is_none_or(|slug| seen.insert(slug))).collect(),
        )
    })
}

fn trigger_list() -> impl Strategy<Value = Vec<triggers::Trigger>> {
    let item = prop::sample::select(vec![
        "{name: one, expect: [a, b]}",
        "{name: one, expect: [b]}",
        "{expect: [c], enabled: false}",
        "{require: any, triggers: [{expect: [x]}, {expect: [y], threshold: 2, within: 10}]}",
        "{posture: Proactive, expect: [x], within: 30, parameters: {n: '{{ event.id }}'}}",
    ]);
    prop::collection::vec(item, 0..3).prop_map(|items| {
        let items: Vec<_> = items.into_iter().map(|item| serde_yaml::from_str(item).unwrap()).collect();
        triggers::triggers(&items, "name").unwrap().triggers
    })
}

fn concurrency() -> impl Strategy<Value = Option<ConcurrencyLimit>> {
    let options = [
        "5",
        "{limit: 2, collision_strategy: ENQUEUE}",
        "{collision_strategy: CANCEL_NEW, grace_period_seconds: 90}",
    ];
    prop::option::of(prop::sample::select(options.to_vec()))
        .prop_map(|text| text.map(|text| serde_yaml::from_str(text).unwrap()))
}

fn object() -> impl Strategy<Value = Json> {
    prop::sample::select(vec![
        json!({}),
        json!({"a": null}),
        json!({"a": ""}),
        json!({"a": {}}),
        json!({"a": [], "b": {"c": 1.0}}),
        json!({"b": {"c": 1}, "a": []}),
    ])
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(vec!["x".to_owned(), "1.10".to_owned(), "on".to_owned()]))
}

fn desired() -> impl Strategy<Value = DesiredDeployment> {
    let texts = (text(), text(), text(), prop::collection::vec("[ab]{1,2}", 0..3));
    let flags = (any::<bool>(), prop::option::of(any::<bool>()), concurrency());
    let objects =
        (object(), object(), prop::option::of(prop::sample::select(vec![json!([]), json!([{"a": {}}])])));
    (texts, flags, objects, schedules(), trigger_list()).prop_map(
        |(texts, flags, objects, schedules, triggers)| {
            let (version, description, work_queue, tags) = texts;
            let (paused, enforce_parameter_schema, concurrency_limit) = flags;
            let (parameters, job_variables, pull_steps) = objects;
            DesiredDeployment {
                flow_name: "flow".into(),
                name: "name".into(),
                file: None,
                entrypoint: "flow.py:flow".into(),
                version,
                version_info: json!({"type": "prefect:simple"}),
                description,
                tags,
                paused,
                concurrency_limit,
                parameters,
                parameter_schema: value::to_json(&serde_yaml::from_str("{type: object}").unwrap()).into(),
                enforce_parameter_schema,
                work_pool: "pool".into(),
                work_queue,
                job_variables,
                refused_in_updates: Vec::new(),
                pull_steps,
                schedules,
                triggers,
                slas: None,
                ignored: IgnoredFields::default(),
            }
        },
    )
}

/// Returns the schedules that a plan keeps.
fn staying(live: &[DeploymentSchedule], changes: &ScheduleChanges<'_>) -> Vec<Uuid> {
    let is_deleted = |id: Uuid| changes.delete.iter().any(|deleted| deleted.id == id);
    live.iter().map(|schedule| schedule.id).filter(|id| !is_deleted(*id)).collect()
}

/// Paths that a test ignores.
const IGNORED: [&str; 9] = [
    "description",
    "enforce_parameter_schema",
    "job_variables.b.c",
    "parameters.a",
    "paused",
    "schedules",
    "tags",
    "triggers",
    "version",
];

proptest! {
    #[test]
    fn created_deployment_has_no_further_changes(desired in desired()) {
        let live = Server::with(&desired).live();
        let change = compare(&desired, &live, OnUnchanged::Skip, NOW).unwrap();
        prop_assert!(matches!(change, Change::Unchanged { .. }), "{change:?}");
    }

    /// Servers before 3.8.7 ignore an empty mapping of job variables.
    #[test]
    fn empty_job_variables_are_a_change_if_the_server_removes_variables(mut desired in desired()) {
        desired.job_variables = json!({"image": "x"});
        let server = Server::with(&desired);
        desired.job_variables = json!({});
        for (version, is_change) in [("3.8.6", false), ("3.8.7", true)] {
            let live = server.live().with_version(version);
            let change = compare(&desired, &live, OnUnchanged::Skip, NOW).unwrap();
            prop_assert_eq!(matches!(change, Change::Update { .. }), is_change, "{}", version);
        }
    }

    /// Applies changes after operators have changed every field on the server.
    #[test]
    fn ignored_fields_keep_the_values_of_the_operators(
        operated in desired(),
        mut after in desired(),
        paths in prop::sample::subsequence(IGNORED.to_vec(), 1..IGNORED.len()),
    ) {
        after.ignored = paths.iter().map(ToString::to_string).collect::<Vec<_>>().try_into().unwrap();
        let mut server = Server::with(&operated);
        let live = server.live();
        let Ok(Change::Update { live: before, changes }) = compare(&after, &live, OnUnchanged::Skip, NOW) else {
            return Ok(());
        };
        server.apply(Update::of(&after, before, &changes));
        let live_again = server.live();
        let now = live_again.deployment(&DeploymentName::new("flow", "name")).unwrap();
        for path in paths.iter().filter(|path| !path.contains('.')) {
            let has_changed = now.field(path) != before.field(path)
                || (*path == "schedules" && json!(now.schedules) != json!(before.schedules));
            prop_assert!(!has_changed, "{path}");
        }
        let nested = |live: &LiveDeployment| live.field("parameters").unwrap().get("a").cloned();
        prop_assert!(!paths.contains(&"parameters.a") || nested(now) == nested(before));
        let again = compare(&after, &live_again, OnUnchanged::Skip, NOW).unwrap();
        prop_assert!(matches!(again, Change::Unchanged { .. }), "{again:?}");
    }

    #[test]
    fn applied_changes_leave_no_differences(before in desired(), after in desired()) {
        let mut server = Server::with(&before);
        let live = server.live();
        // A file without slugs is rejected if the live schedules have slugs.
        let Ok(change) = compare(&after, &live, OnUnchanged::Skip, NOW) else { return Ok(()) };
        let update = match &change {
            Change::Update { live, changes } => Some(Update::of(&after, live, changes)),
            Change::Unchanged { .. } => None,
            Change::Create => panic!("it is there"),
        };
        let retained: Vec<Uuid> = server.schedules.iter().map(|schedule| schedule.id).collect();
        let staying = match &change {
            Change::Update { changes, .. } => staying(&server.schedules, &changes.schedules),
            _ => retained.clone(),
        };
        if let Some(update) = update {
            server.apply(update);
        }
        let live = server.live();
        let again = compare(&after, &live, OnUnchanged::Skip, NOW).unwrap();
        prop_assert!(matches!(again, Change::Unchanged { .. }), "{again:?}");
        let is_there = |id: &Uuid| server.schedules.iter().any(|schedule| schedule.id == *id);
        prop_assert!(staying.iter().all(is_there), "what is not deleted keeps its id");
        if matches!(after.schedules, Schedules::Keep) {
            prop_assert!(server.schedules.iter().map(|schedule| schedule.id).eq(retained));
        }
    }
}
