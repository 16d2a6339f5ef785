//! The right to make calls, which a step gives back while it waits.

use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::guard::lock;

/// One of the places for busy steps.
pub(crate) struct Slot {
    places: Arc<Semaphore>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Slot {
    /// A place that is held.
    pub(crate) fn new(places: Arc<Semaphore>, held: OwnedSemaphorePermit) -> Self {
        Self { places, held: Mutex::new(Some(held)) }
    }

    /// Gives the place to another step.
    pub(crate) fn release(&self) {
        lock(&self.held).take();
    }

    /// Takes a place again. Work inside a step may run side by side: it all shares one place.
    pub(crate) async fn regain(&self) {
        if lock(&self.held).is_some() {
            return;
        }
        if let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
            lock(&self.held).get_or_insert(place);
        }
    }
}
