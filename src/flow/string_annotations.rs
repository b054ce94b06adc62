//! String annotations: quoted annotations, and all annotations of a module with `from __future__ import annotations`.

use super::{
    eval_error::EvalError,
    program::{Program, entity::Function, scope::Scope, syntax::Expr},
    schema::annotation::{cannot_be_evaluated, names},
};

/// The result of evaluating the string annotations of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StringAnnotations {
    /// All string annotations can be evaluated in the scope at the end of the module.
    Evaluated,
    /// An annotation cannot be evaluated, for example because a name is undefined. In this case, all annotations of the
    /// function remain strings, and Prefect resolves only builtins in them.
    Unevaluated,
    /// The evaluation of an annotation may fail. Contains the reason.
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

/// Returns the scope for string annotations: the end of the function's module.
pub(super) fn evaluation_scope(function: Function<'_>) -> Scope<'_> {
    Scope::end_of(function.scope.module)
}

/// Returns the expression in a string annotation, or `None` if the annotation is not a string.
///
/// If the module postpones the evaluation of annotations, a quoted annotation evaluates to a string and remains a
/// string.
pub(super) fn quoted<'p>(function: Function<'p>, annotation: &'p Expr) -> Option<&'p Expr> {
    if function.scope.module.body().postponed_annotations {
        return Some(annotation);
    }
    annotation.as_text().and_then(|text| text.as_expression())
}

/// A failure to evaluate a string annotation, which causes all string annotations of the function to remain strings.
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
        _ => Some(Failure::Possible("`ClassVar` and `Final` are only valid as the outermost type")),
    })
}
