//! How others tell the bot something over HTTP: who proves what, what is a repetition, how a body
//! is read, and who listens.
//!
//! ```text
//! POST /hooks/NAME ─ Reading: a place, the body ─ Prover: over the raw bytes ─▶ proved
//!                                                                                │
//!   200 ◀─ commit ◀─ Listens::hear, Replays::note: one transaction ◀─ Replays::knows
//! ```
//!
//! A sender repeats a delivery only after an answer of the 500s. Whatever it may try again is
//! therefore answered 503, never 408, 413 or 429; and what cannot be proved because a secret of our
//! own cannot be read is answered 503 as well, never 401.

mod entra;
mod header;
mod listening;
mod prover;
mod reading;
mod replays;
mod settings;

pub use header::HeaderName;
pub use listening::{Listens, Told, Vendor};
pub use prover::{Admitted, Prover, Unproved};
pub use reading::{Reading, Taken, Untaken, later};
pub use replays::{Forgetful, Replays};
pub use settings::{
    AzureDevopsProof, BasicProof, BearerProof, EntraProof, GrafanaProof, HeaderProof, Proof,
    SecretProof,
};
