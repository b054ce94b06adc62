//! Detects misspelled keys of a deployment that are the cause of missing values.

use super::{
    Findings,
    deployment::{Fields, Key},
    fields, misplaced,
};
use crate::{
    diagnostics::{Code, Diagnostic, did_you_mean},
    pointer::Pointer,
    value::Value,
};

/// Adds an error about a missing value at the unknown key that probably stands for the missing key.
///
/// Returns whether the deployment has such a key. `at` is the location of the deployment.
pub(crate) fn blame_misspelled_key(
    fields: &Fields,
    at: &Pointer,
    (missing, code): (Key, Code),
    findings: &mut Findings<'_>,
) -> bool {
    if fields.get(missing).is_some() {
        return false;
    }
    let mut keys = fields.tree().keys().filter_map(Value::as_str);
    let Some(key) = keys.find(|key| stands_for(key, missing)) else { return false };
    let name = missing.name();
    let message = format!("the key '{key}' is unknown, so the deployment has no `{name}`");
    let help = misplaced::in_deployment(key)
        .map_or_else(|| format!("did you mean `{name}`?"), |misplaced| misplaced.help.to_owned());
    findings.at_key(&at.join(key), Diagnostic::error(code, message).help(help));
    true
}

fn stands_for(key: &str, missing: Key) -> bool {
    let names_pool = missing == Key::WorkPool && matches!(key, "pool" | "work_pool_name");
    let is_unknown =
        fields::find(fields::DEPLOYMENT, key).is_none() && misplaced::in_deployment(key).is_none();
    let known = fields::DEPLOYMENT.iter().map(|field| field.key);
    names_pool || is_unknown && did_you_mean(key, known) == Some(missing.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_key_that_stands_for_a_missing_key() {
        for (yaml, missing, expected) in [
            ("{name: a, entry_point: f.py:f}", Key::Entrypoint, Some("did you mean `entrypoint`?")),
            ("{name: a, entry-point: f.py:f}", Key::Entrypoint, Some("did you mean `entrypoint`?")),
            ("{workPool: {name: p}}", Key::WorkPool, Some("did you mean `work_pool`?")),
            ("{pool: p}", Key::WorkPool, Some("use `work_pool: {name: ...}`")),
            ("{Name: a}", Key::Name, Some("did you mean `name`?")),
            ("{work_queue_name: q}", Key::WorkPool, None),
            ("{entrypoint: null, entry_point: f.py:f}", Key::Entrypoint, None),
            ("{name: a, comment: x}", Key::Entrypoint, None),
        ] {
            let tree: crate::value::Mapping = serde_yaml::from_str(yaml).unwrap();
            let mut findings = Findings::new(None);
            let cause = (missing, Code::NO_ENTRYPOINT);
            let found = blame_misspelled_key(&tree.into(), &Pointer::root(), cause, &mut findings);
            let help = findings.take().into_iter().next().and_then(|found| found.help);
            assert_eq!((found, help.as_deref()), (expected.is_some(), expected), "{yaml}");
        }
    }
}
