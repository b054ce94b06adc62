//! Items of `schedules` and `triggers`.

use super::Field;
use crate::{
    pointer::Pointer,
    schedule::duration::{self, Seconds},
    template::has_template,
    value::{Mapping, Value},
};

/// An item of `schedules`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScheduleItem<'a>(pub(crate) &'a Value);

impl<'a> ScheduleItem<'a> {
    pub(crate) const SLUG: &'static str = "slug";
    pub(crate) const PARAMETERS: &'static str = "parameters";

    pub(crate) fn slug(self) -> Field<'a, &'a str> {
        Field::text(self.0.get(Self::SLUG))
    }

    pub(crate) fn parameters(self) -> Field<'a, &'a Mapping> {
        Field::mapping(self.0.get(Self::PARAMETERS))
    }
}

/// An item of `triggers`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TriggerItem<'a>(pub(crate) &'a Value);

impl<'a> TriggerItem<'a> {
    /// The action key for parameters. Their templates are resolved when an event occurs.
    pub(crate) const PARAMETERS: &'static str = "parameters";
    pub(crate) const SCHEDULE_AFTER: &'static str = "schedule_after";

    pub(crate) fn schedule_after(self) -> Field<'a, Seconds> {
        Field::scalar(self.0.get(Self::SCHEDULE_AFTER), |value| duration::parse(value).map(Seconds).ok())
    }

    /// Returns the locations of metric triggers: the trigger itself or its nested triggers. `at` is the trigger's
    /// location.
    pub(crate) fn metric_triggers(self, at: &Pointer) -> Vec<Pointer> {
        let has = |key: &str, text: &str| self.0.get(key).and_then(Value::as_str) == Some(text);
        if has("posture", "Metric") || has("type", "metric") {
            return vec![at.clone()];
        }
        let nested = self.0.get("triggers").and_then(Value::as_sequence).into_iter().flatten().enumerate();
        let at = at.join("triggers");
        nested.flat_map(|(index, item)| TriggerItem(item).metric_triggers(&at.join(index))).collect()
    }

    /// Returns whether the trigger contains templates outside its parameters.
    pub(crate) fn has_template(self) -> bool {
        match self.0 {
            Value::Mapping(entries) => entries
                .iter()
                .any(|(key, value)| key.as_str() != Some(Self::PARAMETERS) && has_template(value)),
            other => has_template(other),
        }
    }
}
