"""The virtual body: drug, T cells, cytokines, organs, blood values and infection.

    drug or cells x antigen -> stimulus -> activation -> drive -> IL-6 -> CRP, fibrinogen; ferritin
                                                           |-> fever
                                                           |-> leak -> pressure, saturation

Compiled code keeps no constant of another file: constants, products and weights come in as arrays.
Each person has constants of their own (`world.constants[i]`). What flows is stepped
`steps_per_hour` times an hour, exact for each process alone; chances, infection and laboratory
levels move by the hour.
"""
