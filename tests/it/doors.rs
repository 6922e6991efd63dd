//! Who comes in, what they see, and what a stranger learns: nothing.

#![expect(
    clippy::similar_names,
    reason = "`test` is the app, `text` what it answers"
)]

mod acts;
mod matrix;
mod process;
mod sign_in;
mod stream;
mod world;
