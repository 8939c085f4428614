//! Lists that a window shows, changed in place: a control in a row that stays keeps the focus.

use slint::{Model, ModelRc, VecModel};

/// What the window is to show next. Hands the shown list back, changed, if it can be.
pub fn renewed<T: Clone + PartialEq + 'static>(shown: ModelRc<T>, rows: Vec<T>) -> ModelRc<T> {
    let Some(list) = shown.as_any().downcast_ref::<VecModel<T>>() else { return ModelRc::new(VecModel::from(rows)) };
    while list.row_count() > rows.len() {
        list.remove(list.row_count() - 1);
    }
    for (index, row) in rows.into_iter().enumerate() {
        match list.row_data(index) {
            None => list.push(row),
            Some(old) if old == row => {}
            Some(_) => list.set_row_data(index, row),
        }
    }
    shown
}
