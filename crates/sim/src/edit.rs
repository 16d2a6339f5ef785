//! Changes to a world behind the program's back, as somebody with a console makes them.

use std::collections::BTreeSet;

use trueup_model::snapshot::{ADDRESS_TAG, KEEP_TAG, SECRET_TAG, SPEC_TAG, STACK_TAG};
use trueup_model::{Address, Value};

use crate::world::{Item, Phase, World};

impl World {
    /// The resource of a stack at an address, to be changed; the first, if there are several.
    pub fn at_mut(&mut self, stack: &str, address: &Address) -> Option<&mut Item> {
        let key = self.at(stack, address).map(Item::key).next()?;
        self.resources.get_mut(&key)
    }

    /// The resource of that kind and id, to be changed.
    pub fn get_mut(&mut self, kind: &str, id: &str) -> Option<&mut Item> {
        self.resources.get_mut(&Self::key(kind, id))
    }

    /// Deletes a resource at once, whatever refers to it; whether it was there.
    pub fn remove(&mut self, kind: &str, id: &str) -> bool {
        self.take_away(&Self::key(kind, id)).is_some()
    }

    /// Does what waits for a maintenance window.
    pub fn let_the_window_come(&mut self) {
        let ready = self.resources.values_mut().filter(|item| item.phase == Phase::Ready);
        for item in ready {
            let waiting = std::mem::take(&mut item.scheduled);
            item.attributes.extend(waiting);
        }
    }

    /// The stacks that own something.
    pub fn stacks(&self) -> BTreeSet<String> {
        self.resources.values().filter_map(|item| item.tags.get(STACK_TAG).cloned()).collect()
    }
}

impl Item {
    /// Sets an attribute.
    pub fn set(&mut self, attribute: &str, value: impl Into<Value>) {
        self.attributes.insert(attribute.to_owned(), value.into());
    }

    /// Has an attribute changed in the next maintenance window.
    pub fn schedule(&mut self, attribute: &str, value: impl Into<Value>) {
        self.scheduled.insert(attribute.to_owned(), value.into());
    }

    /// Sets a tag.
    pub fn set_tag(&mut self, key: &str, value: &str) {
        self.tags.insert(key.to_owned(), value.to_owned());
    }

    /// Takes all tags off, ours among them.
    pub fn strip_tags(&mut self) {
        self.tags.clear();
    }

    /// Takes the tags off that say who owns it.
    pub fn disown(&mut self) {
        for key in [STACK_TAG, ADDRESS_TAG, SPEC_TAG, SECRET_TAG, KEEP_TAG] {
            self.tags.remove(key);
        }
    }

    /// Puts it into a state that it cannot leave.
    pub fn fail(&mut self, state: &str) {
        self.phase = Phase::Failed { state: state.to_owned() };
    }
}
