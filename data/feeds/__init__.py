"""One file format each -> an Event and what it observed."""
