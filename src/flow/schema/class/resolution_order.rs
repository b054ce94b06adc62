//! The method resolution order of the project's classes.

use std::{collections::VecDeque, rc::Rc};

use super::Class;
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    program::{Program, entity::Entity},
};

/// Maximum number of base classes, and maximum length of a method resolution order.
const CLASS_LIMIT: usize = 500;

/// Returns the method resolution order of a class. Omits classes from outside the project.
pub(crate) fn mro<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Rc<Vec<Class<'p>>>> {
    program.memo.resolution_orders.get(class.def, || compute_mro(program, class).map(Rc::new))
}

fn compute_mro<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Vec<Class<'p>>> {
    if class.def.bases.len() > CLASS_LIMIT {
        return Err(EvalError::unknown(format!("the class '{}' has too many bases", class.def.name)));
    }
    let mut bases = Vec::new();
    for base in &class.def.bases {
        let base = base.as_subscript().map_or(base, |(generic, _)| generic);
        if let Entity::Class(base) = class.scope.resolve(program, base)? {
            bases.push(base);
        }
    }
    let mut sequences: Vec<VecDeque<Class<'p>>> = Vec::new();
    for base in &bases {
        sequences.push(program.descend(|| mro(program, *base))?.iter().copied().collect());
    }
    sequences.push(bases.into());
    let mut order = vec![class];
    // Implements the C3 algorithm: the next class is the first head that does not occur in the tail of another
    // sequence.
    loop {
        sequences.retain(|sequence| !sequence.is_empty());
        let in_tail = |candidate: &Class<'p>| {
            sequences.iter().any(|sequence| sequence.range(1..).any(|it| it == candidate))
        };
        let Some(next) = sequences.iter().map(|sequence| sequence[0]).find(|candidate| !in_tail(candidate))
        else {
            break;
        };
        order.push(next);
        if order.len() > CLASS_LIMIT {
            return Err(EvalError::unknown(format!(
                "the class '{}' inherits from too many classes",
                class.def.name
            )));
        }
        sequences.iter_mut().filter(|sequence| sequence[0] == next).for_each(|sequence| {
            sequence.pop_front();
        });
    }
    if sequences.is_empty() {
        Ok(order)
    } else {
        Err(EvalError::unknown("the bases of the class have no consistent method resolution order"))
    }
}
