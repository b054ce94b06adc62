//! Generates the schemas of unions: `Optional[...]`, `Union[...]` or `left | right`.

use serde_json::{Map, Value as Json, json};

use super::SchemaBuilder;
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    program::{
        entity::Entity,
        scope::Scope,
        syntax::{Expr, ExprKind},
    },
};

/// Maximum number of members in a union.
const MEMBER_LIMIT: usize = 1_000;

/// A member of a union: an expression and the scope for evaluating the expression.
#[derive(Clone, Copy)]
enum Member<'p> {
    Null,
    Type(Scope<'p>, &'p Expr),
}

impl<'p> SchemaBuilder<'p> {
    /// Returns the schema of `left | right`.
    ///
    /// # Errors
    ///
    /// Fails if Python may be unable to evaluate the expression. `Union[...]` accepts more operands than `|`.
    pub(super) fn alternatives(&mut self, scope: Scope<'p>, expr: &'p Expr) -> EvalResult<Json> {
        if let Some(reason) = cannot_be_evaluated(expr) {
            return Err(EvalError::unknown(reason));
        }
        self.union(scope, std::slice::from_ref(expr))
    }

    /// Returns the schema of a union of annotations.
    pub(super) fn union(&mut self, scope: Scope<'p>, exprs: &'p [Expr]) -> EvalResult<Json> {
        let mut members = Vec::new();
        for expr in exprs {
            self.spread(scope, expr, &mut members);
        }
        self.union_of(&members)
    }

    pub(super) fn optional(&mut self, scope: Scope<'p>, expr: &'p Expr) -> EvalResult<Json> {
        let mut members = Vec::new();
        self.spread(scope, expr, &mut members);
        members.push(Member::Null);
        self.union_of(&members)
    }

    /// Appends a union's members to `members`. Flattens nested unions and aliases, as `typing` does.
    fn spread(&self, scope: Scope<'p>, expr: &'p Expr, members: &mut Vec<Member<'p>>) {
        if let Some((left, right)) = expr.as_alternatives() {
            self.spread(scope, left, members);
            return self.spread(scope, right, members);
        }
        match &expr.kind {
            ExprKind::None => return members.push(Member::Null),
            ExprKind::Subscript(generic, arguments) => match scope.external(self.program, generic).as_deref()
            {
                Some("typing.Optional") => {
                    self.spread(scope, arguments, members);
                    return members.push(Member::Null);
                }
                Some("typing.Union") => {
                    return arguments
                        .elements()
                        .iter()
                        .for_each(|member| self.spread(scope, member, members));
                }
                _ => {}
            },
            ExprKind::Name(_) | ExprKind::Attribute(..) => {
                if let Ok(Entity::Value(alias)) = scope.resolve(self.program, expr)
                    && !alias.is_type_alias
                    && (alias.expr.as_subscript().is_some() || alias.expr.as_alternatives().is_some())
                    // The limits prevent endless recursion for an alias that refers to itself. The alias's schema
                    // reports the error.
                    && alias.scope.text(alias.expr).len() < 10_000
                    && members.len() < 64
                {
                    return self.spread(alias.scope, alias.expr, members);
                }
            }
            _ => {}
        }
        members.push(Member::Type(scope, expr));
    }

    fn union_of(&mut self, members: &[Member<'p>]) -> EvalResult<Json> {
        let types = members.iter().filter(|member| matches!(member, Member::Type(..))).count();
        let has_null = types < members.len();
        if members.len() > MEMBER_LIMIT {
            return Err(EvalError::unknown("the union has too many members"));
        }
        let mut schemas = Vec::new();
        for member in members {
            let Member::Type(scope, expr) = *member else { continue };
            match self.schema(scope, expr) {
                Ok(schema) => add(&mut schemas, schema),
                Err(EvalError::NoSchema) if types > 1 => {}
                Err(error) => return Err(error),
            }
        }
        if has_null {
            add(&mut schemas, json!({"type": "null"}));
        }
        Ok(match schemas.len() {
            1 => schemas.swap_remove(0),
            _ => Json::Object(Map::from_iter([("anyOf".to_owned(), Json::Array(schemas))])),
        })
    }
}

/// Returns the reason why Python may be unable to evaluate `left | right`, or `None` if Python can evaluate the
/// expression.
pub(crate) fn cannot_be_evaluated(expr: &Expr) -> Option<&'static str> {
    let (left, right) = expr.as_alternatives()?;
    let is_text = |it: &Expr| it.as_text().is_some();
    match (left, right) {
        (left, right) if left.is_none() && right.is_none() => Some("`None | None` is not a valid type"),
        (left, right) if is_text(left) || is_text(right) => {
            Some("the operator `|` does not accept a quoted type")
        }
        (left, _) => cannot_be_evaluated(left),
    }
}

/// Adds a member's schema unless it is already present. Replaces a nested `anyOf` with its members.
fn add(schemas: &mut Vec<Json>, schema: Json) {
    match schema {
        Json::Object(mut object) if object.len() == 1 && object.contains_key("anyOf") => {
            if let Some(Json::Array(members)) = object.remove("anyOf") {
                for member in members {
                    add(schemas, member);
                }
            }
        }
        schema if schemas.contains(&schema) => {}
        schema => schemas.push(schema),
    }
}
