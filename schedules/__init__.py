"""schedules act: the timetable, the runner that wakes the desk, the journeys and the command line."""
