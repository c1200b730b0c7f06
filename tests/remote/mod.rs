//! From another machine: through a real nginx with TLS and a path. Without nginx it says so and does nothing.

mod labelling;
mod nginx;
