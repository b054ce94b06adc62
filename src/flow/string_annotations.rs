//! Annotations that Python keeps as text, because they are in quotes or all are postponed: whether and where they are
//! evaluated.

use super::{
    eval_error::EvalError,
    program::{
        Program,
        scope::{Function, Scope},
        syntax::Expr,
    },
    schema::annotation::{cannot_be_evaluated, names},
};

/// How annotations in quotes are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StringAnnotations {
    /// All of them can be, when everything is defined.
    Evaluated,
    /// A name in one of them is defined nowhere, which leaves all of them as text: only builtins have a meaning.
    Unevaluated,
    /// Evaluating one of them may fail for another reason.
    Unknown(&'static str),
}

impl StringAnnotations {
    pub(super) fn for_function<'p>(program: &'p Program<'p>, function: Function<'p>) -> Self {
        let scope = evaluation_scope(function);
        let parameters = function.def.parameters.iter().filter_map(|parameter| parameter.annotation.as_ref());
        let mut undefined = false;
        let mut fails = None;
        for annotation in parameters.chain(&function.def.returns) {
            if let Some(expr) = quoted(function, annotation) {
                fails = fails.or_else(|| failure(program, scope, expr));
                names(expr, &mut |name| {
                    undefined |= matches!(scope.lookup(program, name), Err(EvalError::Undefined(_)));
                });
            }
        }
        match fails {
            _ if undefined => Self::Unevaluated,
            Some(Failure::Certain) => Self::Unevaluated,
            Some(Failure::Possible(reason)) => Self::Unknown(reason),
            None => Self::Evaluated,
        }
    }
}

/// Where annotations in quotes are evaluated: in the function's module, when everything is defined.
pub(super) fn evaluation_scope(function: Function<'_>) -> Scope<'_> {
    Scope::end_of(function.scope.module)
}

/// The expression of an annotation that Python keeps as text. Where all annotations are kept so, evaluating one in
/// quotes gives a text again.
pub(super) fn quoted<'p>(function: Function<'p>, annotation: &'p Expr) -> Option<&'p Expr> {
    if function.scope.module.body().postponed_annotations {
        return Some(annotation);
    }
    annotation.as_text().and_then(|text| text.as_expression())
}

/// Whether evaluating an annotation fails, which leaves all that are kept as text unevaluated.
enum Failure {
    Certain,
    Possible(&'static str),
}

fn failure<'p>(program: &'p Program<'p>, scope: Scope<'p>, expr: &'p Expr) -> Option<Failure> {
    if let Some((left, right)) = expr.as_alternatives() {
        let part = |part: &'p Expr| failure(program, scope, part);
        let itself = cannot_be_evaluated(expr).map(Failure::Possible);
        return itself.or_else(|| part(left)).or_else(|| part(right));
    }
    let (generic, arguments) = expr.as_subscript()?;
    let name = scope.external(program, generic).unwrap_or_default();
    let mut arguments = arguments.elements().iter();
    if name == "typing.Annotated" {
        return failure(program, scope, arguments.next()?);
    }
    let is_qualifier = |it: &'p Expr| {
        let generic = it.as_subscript().map_or(it, |(generic, _)| generic);
        matches!(scope.external(program, generic).as_deref(), Some("typing.ClassVar" | "typing.Final"))
    };
    arguments.find_map(|argument| match name.as_str() {
        _ if !is_qualifier(argument) => failure(program, scope, argument),
        "typing.Optional" | "typing.Union" => Some(Failure::Certain),
        _ => Some(Failure::Possible("`ClassVar` and `Final` have no place inside of other types")),
    })
}
