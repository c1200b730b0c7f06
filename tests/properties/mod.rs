//! What must hold for any input.

mod edit_histories;
