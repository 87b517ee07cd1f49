/* Stands in for libnvidia-ml.so.1, NVIDIA's library, in tests: with the GPUs that a test gives it, and its faults. */

#include <stdio.h>
#include <string.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15 };

struct device {
    char uuid[96];
    int mig; /* whether it is in parts; -1 if it is one of these */
    int parts;
    struct device *part[2];
    int result; /* of each question: such as GPU_IS_LOST */
    int without_power;
    unsigned utilization, temperature, power;
    unsigned long long used, total;
};

static struct device devices[16];
static int number, init_result = DRIVER_NOT_LOADED;
static unsigned long asked;

/* -- for tests */

void argus_reset(int result) {
    memset(devices, 0, sizeof devices);
    number = 0;
    init_result = result;
}

int argus_add(const char *uuid, int part_of, unsigned utilization, unsigned long long used, unsigned long long total,
              unsigned temperature, unsigned power) {
    struct device *it = &devices[number];
    snprintf(it->uuid, sizeof it->uuid, "%s", uuid);
    it->utilization = utilization;
    it->used = used;
    it->total = total;
    it->temperature = temperature;
    it->power = power;
    if (part_of >= 0) {
        it->mig = -1;
        devices[part_of].mig = 1;
        devices[part_of].part[devices[part_of].parts++] = it;
    }
    return number++;
}

void argus_fail(int place, int result) { devices[place].result = result; }
void argus_use(int place, unsigned utilization) { devices[place].utilization = utilization; }
void argus_without_power(int place) { devices[place].without_power = 1; }
unsigned long argus_asked(void) { return asked; }

/* -- NVML */

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    return init_result;
}
int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int result) {
    return result == DRIVER_NOT_LOADED ? "Driver Not Loaded" : result == GPU_IS_LOST ? "GPU is lost" : "an error";
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    *count = 0;
    for (int place = 0; place < number; place++)
        *count += devices[place].mig >= 0;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device) {
    for (int place = 0; place < number; place++)
        if (devices[place].mig >= 0 && index-- == 0) {
            *device = &devices[place];
            return devices[place].result;
        }
    return INVALID_ARGUMENT;
}

int nvmlDeviceGetUUID(struct device *device, char *uuid, unsigned length) {
    snprintf(uuid, length, "%s", device->uuid);
    return device->result;
}

int nvmlDeviceGetMigMode(struct device *device, unsigned *current, unsigned *pending) {
    if (device->mig == 0)
        return NOT_SUPPORTED;
    *current = *pending = 1;
    return device->result;
}

int nvmlDeviceGetMaxMigDeviceCount(struct device *device, unsigned *count) {
    *count = 7;
    return device->result;
}

int nvmlDeviceGetMigDeviceHandleByIndex(struct device *device, unsigned index, struct device **part) {
    if (index >= (unsigned)device->parts)
        return NOT_FOUND;
    *part = device->part[index];
    return device->result;
}

int nvmlDeviceGetUtilizationRates(struct device *device, unsigned *rates) {
    asked++;
    if (device->mig)
        return NOT_SUPPORTED;
    rates[0] = device->utilization;
    rates[1] = 1;
    return device->result;
}

int nvmlDeviceGetMemoryInfo(struct device *device, unsigned long long *memory) {
    memory[0] = device->total;
    memory[1] = device->total - device->used;
    memory[2] = device->used;
    return device->result;
}

int nvmlDeviceGetTemperature(struct device *device, int sensor, unsigned *temperature) {
    if (device->mig < 0 || sensor != 0)
        return NOT_SUPPORTED;
    *temperature = device->temperature;
    return device->result;
}

int nvmlDeviceGetPowerUsage(struct device *device, unsigned *power) {
    if (device->mig < 0 || device->without_power)
        return NOT_SUPPORTED;
    *power = device->power;
    return device->result;
}
