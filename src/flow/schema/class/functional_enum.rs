//! Reads enumerations that are created by calls, such as `Color = Enum("Color", ["RED", "BLUE"])`.

use super::{Class, Kind, enumeration, kind};
use crate::flow::{
    evaluate,
    program::{
        Program,
        entity::{Assigned, Entity},
        syntax::{Body, Call, ClassDef, Expr, ExprKind},
    },
};

/// Returns the enumeration that an assigned expression creates, or `None` for other expressions.
pub(crate) fn class<'p>(program: &'p Program<'p>, value: Assigned<'p>) -> Option<Class<'p>> {
    let call = value.expr.as_call().filter(|_| !value.is_type_alias)?;
    let key = std::ptr::from_ref(value.expr);
    if let Some(known) = program.memo.functional_enums.borrow().get(&key) {
        return Some(*known);
    }
    let name = &call.arguments.first()?.as_text()?.value;
    let names = names(call)?;
    let is_enumeration = program.descend(|| Ok(creates_enumeration(program, value, call)));
    if is_enumeration != Ok(true) {
        return None;
    }
    let bases = call.keyword("type").into_iter().chain([&call.function]);
    let def = ClassDef {
        name: name.clone(),
        qualified_name: name.clone(),
        at: value.expr.span.start,
        decorators: Vec::new(),
        bases: bases.map(dotted_name).collect::<Option<_>>()?,
        keywords: Vec::new(),
        has_type_parameters: false,
        body: Body::default(),
    };
    let class = Class { def: program.add_class(def), scope: value.scope };
    let members = program
        .descend(|| evaluate::evaluate(program, value.scope, names))
        .and_then(|names| enumeration::listed(program, class, &names));
    // The result is cached even if the members cannot be determined.
    let _ = program.memo.members.get(class.def, || members);
    program.memo.functional_enums.borrow_mut().insert(key, class);
    Some(class)
}

/// Returns the argument that lists the members, or `None` if other arguments of the call affect the class.
fn names(call: &Call) -> Option<&Expr> {
    let is_known = |(name, _): &(Option<String>, Expr)| {
        name.as_deref().is_some_and(|name| matches!(name, "module" | "names" | "type"))
    };
    if call.has_unpacking() || call.arguments.len() > 2 || !call.keywords.iter().all(is_known) {
        return None;
    }
    call.arguments.get(1).or_else(|| call.keyword("names"))
}

/// Returns whether the called class is an enumeration without members. Calling another enumeration looks up a member.
fn creates_enumeration<'p>(program: &'p Program<'p>, value: Assigned<'p>, call: &'p Call) -> bool {
    match value.scope.resolve(program, &call.function) {
        Ok(Entity::External(name)) => matches!(name.as_str(), "enum.Enum" | "enum.IntEnum" | "enum.StrEnum"),
        Ok(Entity::Class(base)) => {
            kind(program, base) == Ok(Kind::Enum)
                && enumeration::members(program, base).is_ok_and(|members| members.is_empty())
        }
        _ => false,
    }
}

/// Returns a copy of a dotted name such as `a.b`, or `None` for other expressions.
fn dotted_name(expr: &Expr) -> Option<Expr> {
    let kind = match &expr.kind {
        ExprKind::Name(name) => ExprKind::Name(name.clone()),
        ExprKind::Attribute(object, name) => {
            ExprKind::Attribute(Box::new(dotted_name(object)?), name.clone())
        }
        _ => return None,
    };
    Some(Expr { kind, span: expr.span })
}
