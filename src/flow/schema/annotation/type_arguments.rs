//! Binds arguments to the type variables of generic models, and derives the names of generic models.

use std::rc::Rc;

use super::SchemaBuilder;
use crate::{
    flow::{
        eval_error::{EvalError, EvalResult},
        evaluate::Value,
        program::{
            Program,
            entity::{Assigned, Entity},
            scope::Scope,
            syntax::{Expr, ExprKind},
        },
        schema::class::{self, Class},
    },
    python,
};

/// The arguments for the type variables of a generic class.
#[derive(Debug, Clone, Default)]
pub(crate) struct TypeArguments<'p>(Option<Rc<Vec<TypeArgument<'p>>>>);

#[derive(Debug)]
struct TypeArgument<'p> {
    /// The type variable, such as `T = TypeVar("T")`.
    variable: Assigned<'p>,
    /// The scope for evaluating the argument's expression.
    scope: Scope<'p>,
    expr: &'p Expr,
    /// The arguments for type variables that occur in the expression.
    within: TypeArguments<'p>,
}

impl<'p> TypeArguments<'p> {
    /// Binds the arguments of `class[arguments]` to the type variables of the class.
    pub(crate) fn bind(
        program: &'p Program<'p>,
        class: Class<'p>,
        scope: Scope<'p>,
        arguments: &'p Expr,
        within: &Self,
    ) -> EvalResult<Self> {
        let variables = variables(program, class)?;
        let arguments = arguments.elements();
        if variables.len() != arguments.len() {
            return Err(EvalError::unknown(format!(
                "the number of arguments does not match the number of type variables of '{}'",
                class.def.name
            )));
        }
        let argument = |(variable, expr): (Assigned<'p>, &'p Expr)| TypeArgument {
            variable,
            scope,
            expr,
            within: within.clone(),
        };
        Ok(Self(Some(Rc::new(variables.into_iter().zip(arguments).map(argument).collect()))))
    }

    /// Returns the argument for a type variable, or `None` if the variable has no argument.
    ///
    /// The result contains the argument's scope, its expression, and the arguments for type variables in the
    /// expression.
    pub(super) fn get(&self, variable: Assigned<'p>) -> Option<(Scope<'p>, &'p Expr, Self)> {
        let arguments = self.0.as_ref()?;
        let found = arguments.iter().find(|it| std::ptr::eq(it.variable.expr, variable.expr))?;
        Some((found.scope, found.expr, found.within.clone()))
    }
}

/// Returns the type variables that a class declares with the base class `Generic[...]`.
fn variables<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Vec<Assigned<'p>>> {
    let declared = class.def.bases.iter().filter_map(Expr::as_subscript);
    let declared =
        declared.filter(|(base, _)| class.scope.external(program, base).as_deref() == Some("typing.Generic"));
    let variable = |expr: &'p Expr| match class.scope.resolve(program, expr)? {
        Entity::Value(variable) => Ok(variable),
        _ => Err(EvalError::unknown(format!("a type variable of '{}' cannot be resolved", class.def.name))),
    };
    declared.flat_map(|(_, variables)| variables.elements()).map(variable).collect()
}

/// Returns a class and its ancestors, each with the arguments for its own type variables.
pub(crate) fn bind_ancestors<'p>(
    program: &'p Program<'p>,
    class: Class<'p>,
    arguments: &TypeArguments<'p>,
) -> EvalResult<Vec<(Class<'p>, TypeArguments<'p>)>> {
    let mut found = vec![(class, arguments.clone())];
    for base in &class.def.bases {
        let (generic, given) =
            base.as_subscript().map_or((base, None), |(generic, given)| (generic, Some(given)));
        let Entity::Class(base) = class.scope.resolve(program, generic)? else { continue };
        let base_arguments = match given {
            Some(given) => TypeArguments::bind(program, base, class.scope, given, arguments)?,
            None => TypeArguments::default(),
        };
        found.extend(program.descend(|| bind_ancestors(program, base, &base_arguments))?);
    }
    Ok(found)
}

impl<'p> SchemaBuilder<'p> {
    /// Calls `build` while the given type arguments are in effect.
    pub(crate) fn with_type_arguments<T>(
        &mut self,
        arguments: TypeArguments<'p>,
        build: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outer = std::mem::replace(&mut self.type_arguments, arguments);
        let built = build(self);
        self.type_arguments = outer;
        built
    }

    /// Returns a type's name as it appears in a generic model's name, such as `list[int]` in `Page[list[int]]`.
    pub(super) fn type_name(
        &self,
        scope: Scope<'p>,
        expr: &'p Expr,
        arguments: &TypeArguments<'p>,
    ) -> EvalResult<String> {
        let program = self.program;
        program.descend(|| self.name_of(scope, expr, arguments))
    }

    fn name_of(&self, scope: Scope<'p>, expr: &'p Expr, arguments: &TypeArguments<'p>) -> EvalResult<String> {
        let unknown = || {
            EvalError::unknown(format!(
                "the name that pydantic derives from `{}` cannot be determined",
                scope.text(expr)
            ))
        };
        match &expr.kind {
            ExprKind::None => Ok("NoneType".to_owned()),
            ExprKind::Ellipsis => Ok("...".to_owned()),
            ExprKind::Name(written) | ExprKind::Attribute(_, written) => {
                match scope.resolve(self.program, expr)? {
                    Entity::External(name) => external_name(&name, written).ok_or_else(unknown),
                    Entity::Class(class) => Ok(class.def.qualified_name.clone()),
                    Entity::Value(value) if value.is_type_alias => Err(unknown()),
                    Entity::Value(value) => match arguments.get(value) {
                        Some((scope, expr, within)) => self.type_name(scope, expr, &within),
                        None if self.is_new_type(value) => Ok("NewType".to_owned()),
                        None if value.expr.as_subscript().is_some()
                            || value.expr.as_alternatives().is_some() =>
                        {
                            self.type_name(value.scope, value.expr, &TypeArguments::default())
                        }
                        None => Err(unknown()),
                    },
                    _ => Err(unknown()),
                }
            }
            ExprKind::Subscript(generic, inner) => {
                self.generic_name(scope, expr, (generic, inner), arguments)
            }
            _ if expr.as_alternatives().is_some() => {
                self.union_name(scope, std::slice::from_ref(expr), false, arguments)
            }
            _ => Err(unknown()),
        }
    }

    fn is_new_type(&self, value: Assigned<'p>) -> bool {
        let call = value.expr.as_call();
        let name = call.and_then(|call| value.scope.external(self.program, &call.function));
        name.is_some_and(|name| name == "typing.NewType")
    }

    fn generic_name(
        &self,
        scope: Scope<'p>,
        expr: &'p Expr,
        (generic, inner): (&'p Expr, &'p Expr),
        arguments: &TypeArguments<'p>,
    ) -> EvalResult<String> {
        let unknown = || {
            EvalError::unknown(format!(
                "the name that pydantic derives from `{}` cannot be determined",
                scope.text(expr)
            ))
        };
        match scope.external(self.program, generic).as_deref() {
            Some("typing.Optional") => {
                return self.union_name(scope, std::slice::from_ref(inner), true, arguments);
            }
            Some("typing.Union") => return self.union_name(scope, inner.elements(), false, arguments),
            Some("typing.Literal") => {
                let mut values = Vec::new();
                self.literals(scope, inner, &mut values)?;
                if values.iter().any(|value| matches!(value, Value::Member { .. })) {
                    return Err(unknown());
                }
                let names =
                    values.iter().map(literal_name).collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
                return Ok(format!("Literal[{}]", names.join(", ")));
            }
            Some("typing.Annotated") => return Err(unknown()),
            Some("pydantic.Json") => {
                return Ok(format!("Annotated[{}, Json]", self.type_name(scope, inner, arguments)?));
            }
            _ => {}
        }
        let name = self.type_name(scope, generic, arguments)?;
        let names = inner
            .elements()
            .iter()
            .map(|it| self.type_name(scope, it, arguments))
            .collect::<EvalResult<Vec<_>>>()?;
        Ok(format!("{name}[{}]", names.join(", ")))
    }

    /// Returns the name of a union: its distinct members in order, including the members of nested unions.
    fn union_name(
        &self,
        scope: Scope<'p>,
        exprs: &'p [Expr],
        is_optional: bool,
        arguments: &TypeArguments<'p>,
    ) -> EvalResult<String> {
        let mut names: Vec<String> = Vec::new();
        let mut add = |name: String| {
            let members = name.strip_prefix("Union[").and_then(|name| name.strip_suffix(']'));
            match members {
                // The names of the union's members cannot be separated at commas if they contain brackets.
                Some(members) if members.contains('[') => return false,
                Some(members) => members.split(", ").for_each(|member| {
                    if !names.iter().any(|seen| seen == member) {
                        names.push(member.to_owned());
                    }
                }),
                None if names.contains(&name) => {}
                None => names.push(name),
            }
            true
        };
        let mut is_known = true;
        for expr in exprs {
            match expr.as_alternatives() {
                Some((left, right)) => {
                    is_known &= add(self.type_name(scope, left, arguments)?);
                    is_known &= add(self.type_name(scope, right, arguments)?);
                }
                None => is_known &= add(self.type_name(scope, expr, arguments)?),
            }
        }
        if is_optional {
            is_known &= add("NoneType".to_owned());
        }
        match names.as_slice() {
            _ if !is_known => Err(EvalError::unknown(
                "the name that pydantic derives from a nested union cannot be determined",
            )),
            [only] => Ok(only.clone()),
            names => Ok(format!("Union[{}]", names.join(", "))),
        }
    }

    /// Returns the schema of `class[arguments]`, where `class` is a generic class defined in the project.
    pub(super) fn generic_class(
        &mut self,
        scope: Scope<'p>,
        expr: &'p Expr,
        class: Class<'p>,
        arguments: &'p Expr,
    ) -> EvalResult<serde_json::Value> {
        let kind = class::kind(self.program, class)?;
        class::require_unchanged(class)?;
        match kind {
            class::Kind::Plain => return self.unknown_type(&class.def.name),
            class::Kind::Model | class::Kind::Root => {}
            _ => {
                return Err(EvalError::unknown(format!(
                    "the generic type `{}` is not supported",
                    scope.text(expr)
                )));
            }
        }
        let within = self.type_arguments.clone();
        let given = TypeArguments::bind(self.program, class, scope, arguments, &within)?;
        let names = arguments.elements().iter().map(|it| self.type_name(scope, it, &within));
        let names = names.collect::<EvalResult<Vec<_>>>()?;
        let title = format!("{}[{}]", class.def.name, names.join(", "));
        let key = definition_key(&format!("{}[{}]", class.def.name, names.join(","))).ok_or_else(|| {
            EvalError::unknown(format!(
                "the name that pydantic derives from `{}` cannot be determined",
                scope.text(expr)
            ))
        })?;
        self.reference(super::Owner::Class(class), &key, |builder| {
            class::generic_definition(builder, class, kind, &title, &given)
        })
    }
}

/// Returns an external type's runtime name, or `None` if it may differ from the name in the source.
fn external_name(name: &str, written: &str) -> Option<String> {
    let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
    let is_class = match module {
        "" | "typing" | "datetime" | "uuid" | "decimal" | "fractions" | "ipaddress" | "pathlib" | "re"
        | "zoneinfo" | "collections" | "collections.abc" => true,
        "pydantic" => CLASSES_OF_PYDANTIC.contains(&last),
        _ => false,
    };
    match (name, written) {
        ("typing.AnyStr", _) => Some("~AnyStr".to_owned()),
        ("str", "Text") => Some("str".to_owned()),
        _ => (is_class && last.eq_ignore_ascii_case(written)).then(|| written.to_owned()),
    }
}

/// Names of pydantic types that are classes. The names of other pydantic types contain annotations.
const CLASSES_OF_PYDANTIC: &[&str] = &[
    "AnyHttpUrl",
    "AnyUrl",
    "AwareDatetime",
    "BaseModel",
    "ByteSize",
    "FileUrl",
    "FutureDate",
    "FutureDatetime",
    "HttpUrl",
    "Json",
    "NaiveDatetime",
    "PastDate",
    "PastDatetime",
    "PostgresDsn",
    "RedisDsn",
    "Secret",
    "SecretBytes",
    "SecretStr",
    "WebsocketUrl",
];

/// Returns the definition key of a generic model, or `None` if the key cannot be determined.
///
/// The key is the model's name without modules, enclosing classes and spaces.
fn definition_key(name: &str) -> Option<String> {
    let mut key = String::new();
    for part in name.split_inclusive(['[', ']', ',']) {
        let end = part.find(['[', ']', ',']).unwrap_or(part.len());
        let (part, separator) = part.split_at(end);
        // Pydantic interprets the text after a colon in a name as an object ID.
        if part.contains(':') {
            return None;
        }
        key.push_str(match part.rsplit_once('.') {
            _ if part.trim_start() == "..." => part,
            Some((outer, last)) if last.is_empty() || outer.ends_with('.') => return None,
            Some((_, last)) => last,
            None => part,
        });
        key.push_str(separator);
    }
    Some(key)
}

fn literal_name(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(python::quoted(text)),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::None => Some("None".to_owned()),
        _ => None,
    }
}
