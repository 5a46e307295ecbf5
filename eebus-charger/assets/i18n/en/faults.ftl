### Faults in everyday words (charger.md 5.6). Code and time come last.

fault = Fault
fault-wait = Goes on by itself
fault-unplug = Unplug the vehicle and plug it in again

fault-ventilation = The vehicle asks for ventilation.
fault-ventilation-more = This charger has none. { $code }, { $time }
fault-vehicle = The vehicle reports a fault.
fault-vehicle-more = If it stays, the vehicle or its cable needs service. { $code }, { $time }
fault-board = No contact with the power board.
fault-board-more = Charging stops until the board answers. { $code }, { $time }
