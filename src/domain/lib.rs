//! The pure core of Desserte: slots, availability, outages, causes and agreements.
