//! The network: what its parameters are and how they are computed with. One file an operation.

mod activation;
mod attention;
mod bert;
mod linear;
mod norm;
mod part;
mod product;

pub(crate) use bert::{Bert, Scratch};
pub(crate) use part::Part;
