"""What is asked of an agreement number before it is believed: the key `scrutiny`, made, shown and warned of."""
