//! Regular expressions of schemas.

use std::collections::HashMap;

use regex_automata::meta::Regex;

use super::cost::Budget;

/// Cost of compiling a pattern.
const COMPILATION: usize = 200;

/// Product of a string's length and a pattern's memory, both in bytes, that costs one unit.
///
/// The search time is at most proportional to this product. Usually, it is much shorter.
const SEARCHED: usize = 16 << 10;

/// Maximum memory of a compiled pattern in bytes.
const MEMORY_LIMIT: usize = 1 << 20;

/// The compiled patterns of a schema. A pattern that is not supported is `None`.
#[derive(Default)]
pub(super) struct Patterns<'a> {
    compiled: HashMap<&'a str, Option<Regex>>,
}

impl<'a> Patterns<'a> {
    /// Returns whether a string contains a match, or `None` if the pattern's syntax is not supported or the budget is
    /// exhausted.
    pub(super) fn matches(&mut self, pattern: &'a str, text: &str, budget: &mut Budget) -> Option<bool> {
        let regex = self.compiled.entry(pattern).or_insert_with(|| {
            budget.spend(COMPILATION);
            if budget.is_exhausted() { None } else { compile(pattern) }
        });
        let regex = regex.as_ref()?;
        budget.spend(1 + text.len().saturating_mul(regex.memory_usage()) / SEARCHED);
        (!budget.is_exhausted()).then(|| regex.is_match(text))
    }
}

/// Compiles a pattern with the engine whose compilation is fastest.
fn compile(pattern: &str) -> Option<Regex> {
    let config = Regex::config().hybrid(false).onepass(false).nfa_size_limit(Some(MEMORY_LIMIT));
    Regex::builder().configure(config).build(pattern).ok()
}
