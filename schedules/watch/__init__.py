"""The watch around slots: the gate for prices, alerts, breakers, and what they observe."""
