//! Rooms in Teams: what Microsoft Graph is asked, and what becomes of its answers.
