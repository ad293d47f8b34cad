/// The administrator's doors.
enum AdminDoors {
    /// The doors by their resources' names; without a store, those to what the gateway itself knows.
    static func all(_ core: GatewayCore) -> [(name: String, door: any Door)] {
        func door<Resource: AdminResource>(_ resource: Resource) -> (name: String, door: any Door) {
            (Resource.name, AdminDoor(core: core, resource: resource))
        }
        let own = [door(LearningResource(core: core)), door(CacheResource(core: core))]
        guard let services = core.services else { return own }
        return own + [
            door(KeysResource(services: services, time: core.time)),
            door(BudgetsResource(services: services, time: core.time)),
            door(RequestsResource(store: services.store)), door(PoliciesResource(core: core, store: services.store)),
            door(StoreResource(services: services)),
        ]
    }
}
